"""What text messages must say, and how people refuse them."""

import pytest

from domain.sms import is_beginning, is_refusal, missing_of_marketing


@pytest.mark.parametrize("ending", ["拒收请回复R", "回T退订", "退订回TD", "回复TD退订", "Reply STOP to unsubscribe"])
def test_a_marketing_text_says_who_writes_and_how_to_refuse(ending: str) -> None:
    assert missing_of_marketing(f"【绿野鲜踪】您的券明天到期。{ending}") is None
    assert missing_of_marketing(f"您的券明天到期。{ending}") == "no signature like 【shop】 in front"
    assert missing_of_marketing(f"【】您的券明天到期。{ending}") == "no signature like 【shop】 in front"


@pytest.mark.parametrize("text", ["", "🎉", "【绿野鲜踪】您的券明天到期。", "【绿野鲜踪】Don't stop shopping"])
def test_without_either_it_is_not_in_order(text: str) -> None:
    assert missing_of_marketing(text) is not None


@pytest.mark.parametrize(
    "reply",
    [
        *("STOP", " stop. ", "StopAll", "UNSUBSCRIBE", "cancel", "End", "QUIT", "td", "ＴＤ", "T", "R", "r。", "“T”"),
        *("退订", "回T退订", "我要退订！", "拒收", "别再发短信", "不要发了"),
        *("退 订", "退訂", "取消訂閱", "停止", "QX", "TD TD", "不要再發了"),
    ],
)
def test_who_wants_no_more_is_understood(reply: str) -> None:
    assert is_refusal(reply)


@pytest.mark.parametrize("reply", ["什么时候发货？", "yes", "谢谢", "Stop by the shop?", "", "别发顺丰", "start"])
def test_anything_else_is_no_refusal(reply: str) -> None:
    assert not is_refusal(reply)


def test_a_keyword_that_lifts_a_block_is_known() -> None:
    assert is_beginning(" Start!")
    assert not is_beginning("start my order")
