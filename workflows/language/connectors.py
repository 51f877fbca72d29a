"""Systems that are connected: `connectors/<name>.yaml` says where its rows come from, and what each is here."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Annotated, Any, Literal, TypeVar

from jmespath.exceptions import JMESPathError
from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, StrictInt, Tag, model_validator
from pydantic_core import PydanticCustomError

from workflows.language.mapping import Path, compiled
from workflows.language.reading import validate
from workflows.source.diagnostics import Diagnostic, did_you_mean, quoted
from workflows.source.tree import Node, Source, TooManyError, read_source
from workflows.terms.calendar import zone_names
from workflows.terms.values import Duration, Frozen
from workflows.terms.written import NAME, Name, matching

T = TypeVar("T")

MAX_PAGE = 500
"""Rows that are taken in one transaction, at most."""

SHORTEST = timedelta(minutes=1)
SECRET = r"AFTERSHOW_CONNECT_[A-Z0-9_]{1,60}"
"""Where secrets stand: in the environment, under names that nothing else of ours has."""

REFERENCE = re.compile(rf"\$\{{({SECRET})\}}")
_ANY_REFERENCE = re.compile(r"\$\{[^}]*\}")
_READING = re.compile(r"\s*(?:select|with)\b", re.IGNORECASE)

Secret = Annotated[
    str, matching(SECRET, "the name of a variable of the environment that begins with AFTERSHOW_CONNECT_")
]


def _known_zone(name: str) -> str:
    if name not in zone_names():
        known = {"name": quoted(name), "hint": did_you_mean(name, zone_names())}
        raise PydanticCustomError("E038", "unknown timezone {name}{hint}", known)
    return name


def _only_references(text: Any) -> Any:
    """Refuses `${…}` that isn't the name of a secret of ours, so that no other variable can be sent away."""
    for found in _ANY_REFERENCE.findall(text) if isinstance(text, str) else ():
        if not REFERENCE.fullmatch(found):
            raise PydanticCustomError(
                "E015", "not a variable that may be sent: its name must begin with AFTERSHOW_CONNECT_"
            )
    return text


Zone = Annotated[str, AfterValidator(_known_zone)]
Url = Annotated[str, matching(r"https?://[^\s/?#@]+[^\s#]*", "an address that begins with https://")]
Filled = Annotated[str, Field(max_length=2000), BeforeValidator(_only_references)]
"""A text in which `${AFTERSHOW_CONNECT_…}` is a secret, and `{since}`, `{until}`, `{page}`, `{next}` and `{size}` are
filled in.
"""


def _select(query: str) -> str:
    if not _READING.match(query) or ";" in query:
        raise PydanticCustomError("E015", "not one query that begins with SELECT or WITH and has no `;`")
    return query


class Sql(Frozen):
    """A database, by the SQLAlchemy URL in `url`; the query is asked for what follows the `cursor`, page by page."""

    url: Secret
    query: Annotated[str, Field(min_length=1, max_length=20_000), AfterValidator(_select)]


class Rest(Frozen):
    """An API that answers with rows in JSON, the oldest change first.

    `rows` is where they stand in an answer; `next` what the next page is asked with, or its address. `times` is how
    `{since}` and `{until}` are written.
    """

    url: Url
    method: Literal["GET", "POST"] = "GET"
    headers: dict[str, Filled] = Field(default_factory=dict)
    query: dict[str, Filled | int] = Field(default_factory=dict)
    body: dict[str, Filled | int] = Field(default_factory=dict)
    rows: Path = "@"
    next: Path | None = None
    times: Literal["iso", "local", "seconds", "milliseconds"] = "iso"


class Files(Frozen):
    """Files of a folder that the environment names, in the order of their names: CSV, or JSON line by line."""

    folder: Secret
    pattern: Annotated[
        str, matching(r"[^/\\]+\.(csv|jsonl|ndjson)", "a pattern of file names that ends with .csv, .jsonl or .ndjson")
    ]


class Jushuitan(Frozen):
    """聚水潭: a query of its open platform, by windows of the time of change."""

    app_key: Secret
    app_secret: Secret
    access_token: Secret
    path: Annotated[str, matching(r"/open/[a-z/.]+", "a path like /open/orders/single/query")] = (
        "/open/orders/single/query"
    )
    rows: Path = "orders"
    url: Url = "https://openapi.jushuitan.com"


class Wangdian(Frozen):
    """旺店通旗舰版: a query of its open platform, by windows of the time of change."""

    sid: Secret
    app_key: Secret
    app_secret: Secret
    method: Annotated[str, matching(r"[A-Za-z.]+", "a method like sales.TradeQuery.queryWithDetail")] = (
        "sales.TradeQuery.queryWithDetail"
    )
    rows: Path = "order"
    url: Url = "https://wdt.wangdian.cn/openapi"


class Kingdee(Frozen):
    """金蝶云星空: bills of a form, as `ExecuteBillQuery` gives them; `fields` are the keys that are asked for."""

    url: Url
    account: Secret
    user: Secret
    app_id: Secret
    app_secret: Secret
    form: Annotated[str, matching(r"\w{1,60}", "a form like SAL_SaleOrder")]
    fields: Annotated[tuple[Annotated[str, matching(r"[\w.]{1,80}", "a key of a field, like FBillNo")], ...],
                      Field(min_length=1, max_length=200)]  # fmt: skip
    filter: Annotated[str, Field(max_length=2000)] = ""


class Youzan(Frozen):
    """有赞云: messages that it pushes."""

    client_id: Secret
    client_secret: Secret


class WechatShop(Frozen):
    """微信小店、视频号: messages that WeChat pushes, sealed as an official account's.

    With the `secret`, the order that a message is about is fetched, and is the row's `order`.
    """

    app_id: Secret
    token: Secret
    encoding_aes_key: Secret
    secret: Secret | None = None
    url: Url = "https://api.weixin.qq.com"


class Weimob(Frozen):
    """微盟: messages that it pushes."""

    client_id: Secret
    client_secret: Secret


class Doudian(Frozen):
    """抖店: messages that it pushes, several at once."""

    app_key: Secret
    app_secret: Secret


class Kuaidi100(Frozen):
    """快递100: where a parcel is, as it pushes it; `salt` signs it."""

    salt: Secret


class Pushed(Frozen):
    """Any system that posts JSON or a form.

    `hmac` is over the body by SHA-256, `standard` as Standard Webhooks, `token` a secret that the `header` holds as it
    is. `each` is where the rows stand in a body, if it has several.
    """

    secret: Secret
    sign: Literal["standard", "hmac", "token"] = "standard"
    header: Annotated[str, matching(r"[A-Za-z0-9-]{1,60}", "the name of a header")] = "X-Signature"
    each: Path | None = None


PULLED: Mapping[str, type[Frozen]] = {
    "sql": Sql, "rest": Rest, "files": Files, "jushuitan": Jushuitan, "wangdian": Wangdian, "kingdee": Kingdee,
}  # fmt: skip
PUSHED: Mapping[str, type[Frozen]] = {
    "youzan": Youzan, "wechat_shop": WechatShop, "weimob": Weimob, "doudian": Doudian, "kuaidi100": Kuaidi100,
    "pushed": Pushed,
}  # fmt: skip
KINDS = (*PULLED, *PUSHED)
_IN_ORDER = ("sql", "kingdee")
"""What is asked for rows in the order of their `cursor` and, where that is equal, of their `key`."""


class From(Frozen):
    """Where rows come from: one of these."""

    sql: Sql | None = None
    rest: Rest | None = None
    files: Files | None = None
    jushuitan: Jushuitan | None = None
    wangdian: Wangdian | None = None
    kingdee: Kingdee | None = None
    youzan: Youzan | None = None
    wechat_shop: WechatShop | None = None
    weimob: Weimob | None = None
    doudian: Doudian | None = None
    kuaidi100: Kuaidi100 | None = None
    pushed: Pushed | None = None

    @model_validator(mode="after")
    def _one(self) -> "From":
        if len([kind for kind in KINDS if getattr(self, kind) is not None]) != 1:
            raise PydanticCustomError("E018", f"a source has exactly one of {', '.join(KINDS)}")
        return self

    @property
    def kind(self) -> str:
        """The key that is written."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def pulled(self) -> bool:
        """Whether we ask for them; else they are pushed to us."""
        return self.kind in PULLED


Kind = Annotated[
    str,
    matching(
        r"(?:unionid|member_no|phone|email|device_id|order_id|(?:openid|external_userid)(?::[A-Za-z0-9_-]{1,64})?)",
        "a kind of identifier, like `phone`, or `order_id`",
    ),
]


class Meaning(Frozen):
    """The event that a row is, `when` that holds of it, and where each part of it stands: JMESPath expressions.

    `id` names the event for ever, together with its type. `customer` says who it is about, by identifiers or by an
    order that is known. Without a `time`, it happens as it comes in.
    """

    type: Annotated[str, Field(min_length=1, max_length=200)]
    when: Path | None = None
    id: Path
    time: Path | None = None
    customer: dict[Kind, Path] = Field(default_factory=dict)
    data: dict[str, Path] = Field(default_factory=dict)

    @property
    def paths(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Each expression with its place."""
        for key in ("when", "id", "time"):
            if (path := getattr(self, key)) is not None:
                yield (key,), path
        for part in ("customer", "data"):
            for key, path in getattr(self, part).items():
                yield (part, key), path


_Column = Annotated[str, matching(r"\w{1,100}", "the name of a column")]
_Meanings = Annotated[
    Annotated[Meaning, Tag("<one>")]
    | Annotated[tuple[Meaning, ...], Field(min_length=1, max_length=50), Tag("<list>")],
    Discriminator(lambda value: "<list>" if isinstance(value, list | tuple) else "<one>"),
]


class Connector(Frozen):
    """A system that is connected.

    Every so often, what changed since the `cursor` is pulled, and what changed within `overlap` before it once more,
    for rows that were committed late. `key` tells rows apart whose cursor is equal. Times without a zone are of `zone`.
    """

    connector: Name
    from_: From = Field(alias="from")
    every: Duration = Duration(amount=5, unit="m")
    cursor: _Column | None = None
    key: _Column | None = None
    overlap: Duration = Duration(amount=10, unit="m")
    page: Annotated[StrictInt, Field(ge=1, le=MAX_PAGE)] = MAX_PAGE
    zone: Zone = "Asia/Shanghai"
    map: _Meanings

    @property
    def meanings(self) -> tuple[Meaning, ...]:
        """What a row is: each of these whose `when` holds."""
        return self.map if isinstance(self.map, tuple) else (self.map,)


def read_connector(text: str, path: str) -> tuple[Connector | None, list[Diagnostic]]:
    """Read `connectors/<name>.yaml`. Never raises; None where there are errors."""
    source = read_source(text, path)
    connector = validate(Connector, source)
    if connector is not None:
        with suppress(TooManyError):
            _check(connector, source)
    return None if source.broken else connector, source.sorted()


def _check(connector: Connector, source: Source) -> None:
    root = source.root
    check_name(connector.connector, "connector", source)
    kind, written = connector.from_.kind, root.get("from") if root is not None else None
    if connector.from_.pulled and connector.every.nominal < SHORTEST:
        source.report(_at(root, "every"), "E081", "pulled more often than every minute")
    for needed in ("cursor", "key") if kind in _IN_ORDER else ("cursor",) if kind == "rest" else ():
        if getattr(connector, needed) is None:
            source.report(written, "E081", f"{kind} needs a `{needed}`, the column that rows are asked for in order of")
    if connector.from_.kingdee and connector.cursor and connector.key:
        for needed in (connector.cursor, connector.key):
            if needed not in connector.from_.kingdee.fields:
                source.report(written, "E081", f"{needed} must be one of the `fields` that are asked for")
    places = _at(root, "map")
    for number, meaning in enumerate(connector.meanings):
        node = places.items[number] if isinstance(connector.map, tuple) and places is not None else places
        for place, expression in meaning.paths:
            check_path(expression, _at(node, *place), source)


def check_name(name: str, what: str, source: Source) -> None:
    """A document has its file's name."""
    file = re.split(r"[/\\]", source.path)[-1].rpartition(".")[0]
    if re.fullmatch(NAME, file) and file != name:
        source.report(_at(source.root, what), "E081", f"the file is called {file}, and this {name}; call them alike")


def check_path(expression: str, node: Node | None, source: Source) -> None:
    """An expression can be read."""
    try:
        compiled(expression)
    except JMESPathError as error:
        detail = str(error).partition("\n")[0]
        source.report(node, "E057", f"can't be read as a JMESPath expression: {detail}")


def _at(node: Node | None, *keys: str) -> Node | None:
    """What stands under the keys, as far down as there is something."""
    for key in keys:
        node = (node.get(key) or node) if node is not None else None
    return node
