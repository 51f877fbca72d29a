"""What text messages must say, and how people refuse them."""

import pytest

from domain.texts.sms import is_beginning, is_refusal, missing_of_marketing


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
        *(
            "回复R",
            "回复T",
            "回T",
            "回覆 TD",
            "R 谢谢",
            "TD谢谢",
            "谢谢，T",
            "请退订谢谢",
            "停止发送",
            "好的 R",
            "Ｒ",
            "Ｔ　",
        ),
        *("Ｒ", "Ｔ　", "退定", "我要退定", "怎么退订", "退订短信", "拒绝", "拒收短信"),
        *("Stop. Thank you", "Please stop", "PLEASE STOP TEXTING ME", "Unsubscribe me", "please unsubscribe me now"),
        *(
            "stop sending me texts",
            "Stop messaging",
            "opt out",
            "Opt me out pls",
            "remove me from your list",
            "STOP!!!",
        ),
        *("no more texts please", "Don't text me", "do not contact us", "Ok stop", "stop stop STOP", "quit texting me"),
        *("unsubscribe from this list", "Stop this", "Can you please stop calling me"),
    ],
)
def test_who_wants_no_more_is_understood(reply: str) -> None:
    assert is_refusal(reply)


@pytest.mark.parametrize(
    "reply",
    [
        *("什么时候发货？", "yes", "谢谢", "Stop by the shop?", "", "别发顺丰", "start"),
        *(
            "怎么退订单",
            "我要退订单",
            "退订单谢谢",
            "退定金吗",
            "退订货",
            "我拒收快递了怎么办",
            "为什么拒绝退款",
            "取消订单",
        ),
        *("回复一下", "好的谢谢", "T恤有货吗", "我要T恤", "回头再说", "2斤", "取消订单"),
        *("Don't stop sending me deals", "never stop texting me", "cancel my order please", "thank you", "end of day?"),
        *("where is the stop?", "Please send me the menu", "I can't unsubscribe from paradise", "U r welcome"),
    ],
)
def test_anything_else_is_no_refusal(reply: str) -> None:
    assert not is_refusal(reply)


def test_a_keyword_that_lifts_a_block_is_known() -> None:
    assert is_beginning(" Start!")
    assert not is_beginning("start my order")


@pytest.mark.parametrize("piece", ["谢", "回复", "请好的我", "stop ", "unsubscribe me ", "don t "])
def test_a_long_reply_is_read_as_fast_as_a_short_one(piece: str) -> None:
    """It would never end, if what is polite could be read in several ways."""
    assert not is_refusal(piece.replace("stop", "stoop").replace("un", "in") * 400 + "恤衫")
