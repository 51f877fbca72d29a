"""The work of a shop: what waits, what is stuck, accounts with providers, and files that aren't what is published."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import httpx
from anyio.from_thread import start_blocking_portal
from sqlmodel import Session, col, select

from api.http.figures import READERS
from domain.channels.accounts import PATIENCE
from domain.channels.tables import ProviderAccount
from domain.published.publishing import plan_id_of
from domain.published.tables import Document, Journey, MessageText
from domain.store.clock import SystemClock
from runtime.authoring.check import CheckReport, check
from runtime.authoring.files import document_of, documents_in
from runtime.doctor.finding import Finding, Shop, Talk
from runtime.platform.providers import aliyun_sms, settings_of, smtp, tencent_sms, twilio, wecom
from runtime.platform.providers.webhooks import webhook_targets


class Bound(NamedTuple):
    """A figure that should not be more than so much, and what to say if it is; `{n}` is how much."""

    metric: str
    most: float
    what: tuple[str, str]
    mend: tuple[str, str]
    labels: Mapping[str, str] = {}


BOUNDS: Sequence[Bound] = (
    Bound("aftershow_outbox_oldest_seconds", 60,
          ("有通知 {n} 秒还没告诉 Temporal", "a notice has waited {n} s to be told to Temporal"),
          ("看 worker 日志里的 relay waits", "look for `relay waits` in the worker's log")),
    Bound("aftershow_outbox_given_up", 0, ("放弃了 {n} 条通知", "{n} notices were given up"),
          ("aftershow stuck 说为什么；修好再 aftershow retry",
           "aftershow stuck says why; mend it, then aftershow retry")),
    Bound("aftershow_enrollments_stuck", 0, ("{n} 位客户被缺陷卡住", "{n} customers are stuck on a defect"),
          ("aftershow stuck 说在哪一步；修好再 aftershow retry",
           "aftershow stuck says at which step; mend it, then aftershow retry")),
    Bound("aftershow_enrollments_failed", 0, ("一天之内 {n} 位客户走不下去", "{n} customers failed within a day"),
          ("aftershow why 说为什么", "aftershow why tells the reason")),
    Bound("aftershow_waits_overdue_seconds", 300, ("有客户晚了 {n} 秒还没动", "a customer should have acted {n} s ago"),
          ("看 worker 和 Temporal 的数据在不在", "see that workers and Temporal's data are there")),
    Bound("aftershow_messages_open", 0, ("{n} 条消息不知下落", "of {n} messages it isn't known whether they went"),
          ("aftershow messages --unknown；查清楚再 aftershow settle",
           "aftershow messages --unknown; find out, then aftershow settle"), {"status": "unknown"}),
)  # fmt: skip
"""The same that docs/alerts.yml warns of."""


def backlog(shop: Shop) -> Iterator[Finding]:
    """What waits for too long, by the figures that are scraped."""
    talk = Talk("backlog", shop.say)
    with shop.db() as session:
        samples = [sample for read in READERS for metric in read(session, shop.now) for sample in metric.samples]
    for bound in BOUNDS:
        fits = [
            each.value for each in samples if each.name == bound.metric and bound.labels.items() <= each.labels.items()
        ]
        if sum(fits) > bound.most:
            zh, en = (text.format(n=round(sum(fits))) for text in bound.what)
            yield talk.wrong((zh, en), bound.mend)
    yield talk.ok("看过了积压", "the backlog was looked at")


def accounts(shop: Shop) -> Iterator[Finding]:
    """Accounts with providers that are held, and credentials that are refused."""
    talk = Talk("providers", shop.say)
    with shop.db() as session:
        rows = session.exec(select(ProviderAccount).order_by(col(ProviderAccount.name))).all()
    for row in rows:
        if row.failures >= PATIENCE or (row.held_until is not None and row.held_until > shop.now):
            why = row.reason or "?"
            yield talk.wrong(
                (f"账户 {row.name} 停住了：{why}", f"the account {row.name} is held: {why}"),
                ("看服务商的状态页；密钥过期就换；aftershow accounts",
                 "look at the provider's status page; replace expired credentials; aftershow accounts"),
            )  # fmt: skip
    for name, ask in PROBES.items():
        try:
            refused = ask()
        except (httpx.HTTPError, ConnectionError) as problem:
            what = str(problem) if isinstance(problem, ConnectionError) else type(problem).__name__
            yield talk.warning(
                (f"{name} 连不上：{what}", f"{name} can't be reached: {what}"),
                ("看网络和它的状态页", "see the network"),
            )
            continue
        if refused:
            yield talk.wrong(
                (f"{name} 不认密钥：{refused}", f"{name} refuses the credentials: {refused}"),
                (f"换 AFTERSHOW_{name.upper()}_… 里的密钥", f"replace those in AFTERSHOW_{name.upper()}_…"),
            )
    yield talk.ok("看过了服务商", "providers were looked at")


def _twilio() -> str | None:
    found = settings_of(twilio.Settings)
    if found is None:
        return None
    url = f"{found.base_url.rstrip('/')}/2010-04-01/Accounts/{found.account_sid}.json"
    answer = httpx.get(url, auth=(found.account_sid, found.auth_token.get_secret_value()), timeout=10)
    return f"HTTP {answer.status_code}" if answer.status_code in (401, 403) else None


def _wecom() -> str | None:
    """WeCom gives the token that is valid anyway, so asking takes none from the workers."""
    found = settings_of(wecom.Settings)
    if found is None:
        return None
    query = {"corpid": found.corp_id, "corpsecret": found.secret.get_secret_value()}
    answer = httpx.get(f"{str(found.base_url).rstrip('/')}/cgi-bin/gettoken", params=query, timeout=10).json()
    code = answer.get("errcode", 0) if isinstance(answer, dict) else 0
    return f"errcode {code}" if code in (40001, 40013, 40091, 41004) else None


def _aliyun() -> str | None:
    found = settings_of(aliyun_sms.Settings)
    return aliyun_sms.api(found).trouble(datetime.now(UTC)) if found else None


def _tencent() -> str | None:
    found = settings_of(tencent_sms.Settings)
    return tencent_sms.api(found).trouble(datetime.now(UTC)) if found else None


def _smtp() -> str | None:
    found = settings_of(smtp.Settings)
    if found is None:
        return None
    with start_blocking_portal() as portal:
        return smtp.adapter(found, None, SystemClock(), portal).trouble()


PROBES: Mapping[str, Callable[[], str | None]] = {
    "twilio": _twilio, "aliyun_sms": _aliyun, "tencent_sms": _tencent, "wecom": _wecom, "smtp": _smtp,
}  # fmt: skip
"""Providers with a call that costs nothing and changes nothing: why the credentials are refused, if they are."""


def files(shop: Shop) -> Iterator[Finding]:
    """Files on this machine that have mistakes, or aren't what is published."""
    talk = Talk("specs", shop.say)
    if not shop.specs.is_dir():
        return
    report = check([shop.specs], shop.templates, webhook_targets(), now=shop.now)
    broken = {diagnostic.path for diagnostic in report.diagnostics if diagnostic.severity == "error"}
    for path in sorted(broken):
        yield talk.wrong((f"{path} 有错", f"{path} has mistakes"), ("aftershow check", "aftershow check"))
    with shop.db() as session:
        other = list(_unlike(session, shop, report))
    for name in other:
        yield talk.warning(
            (f"{name} 和发布的不一样", f"{name} is not what is published"),
            (
                "aftershow publish 发布它，或 aftershow pull 取回",
                "aftershow publish, or aftershow pull what is live",
            ),
        )
    if not broken and not other:
        yield talk.ok(f"{shop.specs} 就是发布的", f"{shop.specs} is what is published")


def _unlike(session: Session, shop: Shop, report: CheckReport) -> Iterator[str]:
    """The journeys, shared documents and texts of which another version is live than the files say."""
    live = dict(session.exec(select(Journey.name, Journey.plan_id)).all())
    for plan in report.plans.values():
        if live.get(plan.journey) != plan_id_of(plan):
            yield plan.journey
    published = dict(session.exec(select(Document.name, Document.source)).all())
    for path in documents_in(shop.specs):
        name = document_of(path) or path.stem
        if published.get(name, "") not in (None, path.read_text(encoding="utf-8")):
            yield name
    texts = {(row.template, row.channel): row.body for row in session.exec(select(MessageText))}
    for text, body in report.texts.items():
        if texts.get(text) != body:
            yield "/".join(text)
