"""Comments are read into what they say. The clauses that the reader learned from are beside this file."""

from pathlib import Path

import pytest

from domain.voice.clauses import clauses
from domain.voice.model import FILE
from domain.voice.reading import EmbeddedReader, Opinion
from workflows.language.voice import Voice, read_voice

SHIPPED = Path(__file__).parents[3] / "journey_specs" / "_voice.yaml"
Said = set[tuple[str, str | None, str | None]]


@pytest.fixture(scope="module")
def reader() -> EmbeddedReader:
    return EmbeddedReader(products={"酸菜鱼": "老坛酸菜鱼", "老坛酸菜鱼": "老坛酸菜鱼", "燕麦": "有机燕麦片"})


def said(reader: EmbeddedReader, text: str) -> Said:
    return {(row.kind, row.aspect, row.sentiment) for row in reader.read([text])[0]}


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("这个汤淡得像白水", {("opinion", "taste", "negative")}),
        ("肉很嫩也很入味", {("opinion", "taste", "positive")}),
        ("預製菜口味偏淡", {("opinion", "taste", "negative")}),
        ("味道很好，就是快递太慢", {("opinion", "taste", "positive"), ("opinion", "delivery", "negative")}),
        ("箱子压烂了，客服马上就赔了", {("opinion", "packaging", "negative"), ("opinion", "service", "positive")}),
        ("打开一看烂了一半", {("opinion", "freshness", "negative")}),
        ("比超市贵不少", {("opinion", "price", "negative")}),
        ("贵妃芒是真的酸", {("opinion", "taste", "negative")}),
        ("这么淡是在做月子餐吗", {("opinion", "taste", "negative")}),
        ("价格感人", {("opinion", "price", "negative")}),
        ("希望出个小包装", {("wish", "portion", "wish")}),
        ("能不能出无糖的", {("wish", "ingredients", "wish")}),
        ("咸不咸啊", {("question", None, None)}),
        ("几天能到广州？", {("question", None, None)}),
        ("主播晚上好", {("chatter", None, None)}),
        ("66666", {("chatter", None, None)}),
        ("加微信领优惠券", {("spam", None, None)}),
    ],
)
def test_a_comment_says(reader: EmbeddedReader, text: str, rows: Said) -> None:
    assert said(reader, text) == rows


@pytest.mark.parametrize("text", ["", " ", "😀😀😀", "1" * 10_000, "，。！", "\x00\ufeff", "\ud83d"])
def test_whatever_comes_is_one_row_that_says_nothing(reader: EmbeddedReader, text: str) -> None:
    (row,) = reader.read([text])[0]
    assert row.aspect is None
    assert 0 <= row.confidence <= 1


def test_a_long_comment_is_bounded_and_read_by_its_tone(reader: EmbeddedReader) -> None:
    story = "买给我妈的，她说这个鱼一点腥味都没有，汤也鲜，第二天热了吃还是很香，" * 200
    rows = reader.read([story])[0]
    assert {row.sentiment for row in rows} == {"positive"}
    assert len(rows) <= 11


def test_comments_read_together_are_read_as_each_alone(reader: EmbeddedReader) -> None:
    texts = [f"{each}，{other}" for each in ("太淡了", "包装好", "几天到") for other in ("贵", "好吃", "嗯嗯", "")] * 60
    assert reader.read(texts) == [reader.read([text])[0] for text in texts]


def test_the_product_is_told_by_its_longest_name_and_in_any_script(reader: EmbeddedReader) -> None:
    def product(text: str) -> str | None:
        return reader.read([text])[0][0].product

    assert product("酸菜魚味道好淡") == "老坛酸菜鱼"
    assert product("燕麦是即食的吗") == "有机燕麦片"
    assert product("太淡了") is None


def test_a_word_of_the_lexicon_counts_for_more_than_what_was_learned() -> None:
    before = said(EmbeddedReader(), "这个糯唧唧")
    lexicon = Voice.model_validate({"aspects": {"quality": {"negative": ["糯唧唧"]}}, "chatter": ["糯米糍"]})
    after = EmbeddedReader(lexicon)
    assert said(after, "这个糯唧唧") == {("opinion", "quality", "negative")} != before
    assert said(after, "糯米糍") == {("chatter", None, None)}


def test_a_phrase_is_as_it_was_written(reader: EmbeddedReader) -> None:
    rows = reader.read(["酸菜魚味道好淡哦！！包裝很好"])[0]
    assert [row.phrase for row in rows] == ["酸菜魚味道好淡哦", "包裝很好"]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("好吃,就是贵", ["好吃", "就是贵"]),
        ("12.5元一斤，2,000克", ["12.5元一斤", "2,000克"]),
        ("not my cup of tea", ["not my cup of tea"]),
        ("包子 一袋几个", ["包子", "一袋几个"]),
        ("不但好吃而且便宜", ["不但好吃而且便宜"]),
        ("谁说踩雷的?我觉得挺好", ["谁说踩雷的?", "我觉得挺好"]),
        ("就是这个味", ["就是这个味"]),
    ],
)
def test_a_comment_is_cut_into_clauses(text: str, parts: list[str]) -> None:
    assert clauses(text) == parts


def test_the_model_file_is_small() -> None:
    assert FILE.stat().st_size < 3_000_000


def test_an_opinion_that_is_repeated_is_one_row_and_opposites_are_neither(reader: EmbeddedReader) -> None:
    (once,) = reader.read(["好吃，真的好吃"])[0]
    assert once == Opinion("opinion", "taste", "positive", None, "好吃，真的好吃", once.confidence)


def test_the_lexicon_of_the_shop_is_in_order() -> None:
    lexicon, diagnostics = read_voice(SHIPPED.read_text(encoding="utf-8"), "_voice.yaml")
    assert lexicon is not None
    assert diagnostics == []
