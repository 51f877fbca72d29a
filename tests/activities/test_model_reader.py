"""A model reads comments over HTTP: what it answers, what it costs, and what happens when it answers nonsense."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import pytest
from jsonschema import validate
from pydantic import SecretStr

from activities.adapters.model_reader import SCHEMA, Model, ModelReader
from domain.voice.reading import EmbeddedReader

ROW = {"kind": "opinion", "aspect": "taste", "sentiment": "negative", "phrase": "太淡", "confidence": 0.9}


@dataclass
class FakeModel:
    """Says of every text that it is bland, unless `answers` has what it answers next: a status and a content."""

    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)
    answers: list[tuple[int, str]] = field(default_factory=list)

    def texts(self) -> list[str]:
        return [text for body in self.asked for text in json.loads(body["messages"][1]["content"])]


@pytest.fixture
def endpoint() -> Iterator[FakeModel]:
    model = FakeModel()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            model.asked.append(body)
            model.tokens.add(self.headers.get("authorization"))
            texts = json.loads(body["messages"][1]["content"])
            usual = json.dumps({"comments": [[ROW] for _ in texts]})
            status, content = model.answers.pop(0) if model.answers else (200, usual)
            answer = json.dumps({"choices": [{"message": {"content": content}}]}).encode()
            self.send_response(status if self.path == "/v1/chat/completions" else 404)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        model.url = f"http://127.0.0.1:{server.server_port}/v1/"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield model
        server.shutdown()


def test_a_text_is_asked_about_once_without_telephone_numbers_and_products_are_ours(endpoint: FakeModel) -> None:
    reader = ModelReader(
        Model(endpoint.url, "m", SecretStr("secret")), EmbeddedReader(products={"酸菜鱼": "fish", "大米": "rice"})
    )
    texts = ["酸菜鱼太淡，电话13900001234", "大米太淡", "大米太淡", "", "太" * 3_000]
    said = reader.read(texts)
    assert reader.read(texts) == said
    assert [each[0].product for each in said] == ["fish", "rice", "rice", None, None]
    assert [(each[0].aspect, each[0].sentiment) for each in said[:3]] == [("taste", "negative")] * 3
    assert said[3][0].kind == "chatter"
    assert endpoint.texts() == ["酸菜鱼太淡，电话***", "大米太淡", "太" * 500]
    assert endpoint.tokens == {"Bearer secret"}
    validate({"comments": [[ROW]]}, endpoint.asked[0]["response_format"]["json_schema"]["schema"])
    assert endpoint.asked[0]["max_tokens"] <= 3 * 200
    assert SCHEMA["required"] == ["comments"]


NONSENSE = [
    "不知道", "", "[]", "null", '{"comments": 3}', '{"comments": []}', '{"comments": [[]]}', '{"comments": [null]}',
    json.dumps({"comments": [[ROW], [ROW]]}),
    json.dumps({"comments": [[{**ROW, "aspect": "smell"}]]}),
    json.dumps({"comments": [[{**ROW, "sentiment": "wish"}]]}),
    json.dumps({"comments": [[{**ROW, "confidence": 7}]]}),
]  # fmt: skip


@pytest.mark.parametrize("content", NONSENSE)
def test_nonsense_is_read_by_the_embedded_reader(endpoint: FakeModel, content: str) -> None:
    endpoint.answers = [(200, content)]
    embedded = EmbeddedReader()
    assert ModelReader(Model(endpoint.url, "m"), embedded).read(["包装很严实"]) == embedded.read(["包装很严实"])


def test_a_slow_model_holds_a_page_up_for_two_minutes_at_most(endpoint: FakeModel) -> None:
    seconds = count(0, 25)
    read = Model(endpoint.url, "m", now=lambda: float(next(seconds))).read([f"第{n}条太淡" for n in range(500)])
    asked = 20 * len(endpoint.asked)
    assert 0 < asked < 100
    assert [each is not None for each in read] == [True] * asked + [False] * (500 - asked)


def test_a_model_that_is_away_is_left_alone_for_a_while_and_a_day_costs_no_more_than_its_limit(
    endpoint: FakeModel,
) -> None:
    time = 0.0
    model = Model(endpoint.url, "m", limit=45, now=lambda: time)
    endpoint.answers = [(503, "")]
    texts = [f"第{n}条太淡" for n in range(100)]
    assert model.read(texts) == [None] * 100
    assert len(endpoint.asked) == 1
    time = 61.0
    assert sum(each is not None for each in model.read(texts)) == 20
    time = 86_500.0
    assert sum(each is not None for each in model.read(texts)) == 60
    assert len(endpoint.asked) == 4
    embedded = EmbeddedReader()
    gone = ModelReader(Model("http://127.0.0.1:9", "m"), embedded)
    assert gone.read(["包装很严实"]) == embedded.read(["包装很严实"])
