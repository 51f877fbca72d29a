"""Reports: what customers said in a show, of a product, in a week."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session, col, select

from domain.published.library import read_library
from domain.stock.tables import Product, Stream
from domain.store.outbox import TellStaff
from domain.store.work import UnitOfWork
from domain.voice.alerts import Alert, alerts
from domain.voice.papers import Paper, Part, Table, markdown, percent
from domain.voice.tasks import ask
from domain.voice.topics import Scope, Topic, topics
from workflows.terms.values import local_day
from workflows.terms.wording import Wording

WEEK = timedelta(days=7)
NOTICE = 2_000
"""Characters of a report that a notice has room for; the rest is on the page."""

SHOWN = 15
"""Topics of each kind that a paper has room for; the API gives all."""


@dataclass(frozen=True)
class Report:
    """What was said within a scope: comments by kind, customers who spoke, opinions by sentiment, topics and alerts."""

    scope: Scope
    title: str
    comments: int
    speakers: int
    kinds: Mapping[str, int]
    sentiments: Mapping[str, int]
    topics: Sequence[Topic]
    alerts: Sequence[Alert]
    questions: Sequence[str]

    def of(self, sentiment: str) -> list[Topic]:
        """The topics of one sentiment."""
        return [topic for topic in self.topics if topic.key.sentiment == sentiment]


def week_before(now: datetime) -> Scope:
    """The seven days that end now."""
    return Scope(since=now - WEEK, until=now)


def managed(session: Session) -> Mapping[str, Sequence[str]]:
    """The products that each manager answers for."""
    found: dict[str, list[str]] = {}
    for product in session.exec(select(Product).where(col(Product.manager).is_not(None)).order_by(col(Product.sku))):
        found.setdefault(product.manager or "", []).append(product.sku)
    return dict(sorted(found.items()))


def report(session: Session, scope: Scope, *, manager: str | None = None) -> Report:
    """What was said within the scope; only of the products that this manager answers for, if one is given."""
    asked = [scope.sku] if scope.sku else None
    if manager is not None:
        asked = [sku for sku in managed(session).get(manager, ()) if scope.sku in (None, sku)]
    given = {"stream": scope.stream_id, "since": scope.since, "until": scope.until, "skus": asked}
    connection = session.connection()
    kinds: dict[str, int] = {}
    sentiments: dict[str, int] = {}
    for kind, sentiment, number in connection.execute(_COUNTS, given):
        kinds[kind] = kinds.get(kind, 0) + number
        if sentiment is not None:
            sentiments[sentiment] = sentiments.get(sentiment, 0) + number
    comments, speakers = connection.execute(_PEOPLE, given).one()
    raised = alerts(session, stream_id=scope.stream_id, sku=scope.sku, since=scope.since, until=scope.until, limit=200)
    return Report(
        scope=scope,
        title=_title(session, scope, manager),
        comments=comments,
        speakers=speakers,
        kinds=kinds,
        sentiments=sentiments,
        topics=topics(session, scope, skus=asked),
        alerts=[each for each in raised if asked is None or each.sku in asked],
        questions=list(connection.execute(_QUESTIONS, given).scalars()),
    )


_SCOPE = """
    (CAST(:stream AS text) IS NULL OR opinions.stream_id = :stream)
    AND (CAST(:since AS timestamptz) IS NULL OR opinions.at >= :since)
    AND (CAST(:until AS timestamptz) IS NULL OR opinions.at < :until)
    AND (CAST(:skus AS text[]) IS NULL OR opinions.sku = ANY (:skus))
"""
_COUNTS = text(f"SELECT kind, sentiment, count(*) FROM opinions WHERE {_SCOPE} GROUP BY kind, sentiment")
_PEOPLE = text(f"""
SELECT count(DISTINCT opinions.event_id), count(DISTINCT customer_id)
FROM opinions JOIN events ON events.id = opinions.event_id WHERE {_SCOPE}
""")
_QUESTIONS = text(f"""
SELECT phrase FROM opinions WHERE {_SCOPE} AND kind = 'question' AND phrase <> ''
GROUP BY phrase ORDER BY count(*) DESC, min(at) LIMIT 20
""")


def _title(session: Session, scope: Scope, manager: str | None) -> str:
    if scope.stream_id is not None:
        stream = session.get(Stream, scope.stream_id)
        return (stream.title if stream else None) or scope.stream_id
    if scope.sku is not None:
        product = session.get(Product, scope.sku)
        return (product.name if product else None) or scope.sku
    return manager or ""


def paper_of(session: Session, found: Report) -> Paper:
    """The report as people read it, in the policy's language."""
    library = read_library(session)
    say, zone = Wording(library.policy.language), library.policy_zone
    days = [f"{at.astimezone(zone):%Y-%m-%d}" for at in (found.scope.since, found.scope.until) if at is not None]
    span = say.pick("至", " to ").join(days)
    name = found.title or say.pick("全部商品", "all products")
    title = say.pick(f"客户声音：{name} {span}", f"What customers say: {name} {span}").strip()
    negative, positive = found.sentiments.get("negative", 0), found.sentiments.get("positive", 0)
    about = say.pick(
        f"{found.speakers:,} 位客户的 {found.comments:,} 条评论；好评 {positive:,} 处，差评 {negative:,} 处，"
        f"希望 {found.sentiments.get('wish', 0):,} 处，提问 {found.kinds.get('question', 0):,} 处。",
        f"{found.comments:,} comments of {found.speakers:,} customers: {positive:,} praise, {negative:,} blame, "
        f"{found.sentiments.get('wish', 0):,} wish, {found.kinds.get('question', 0):,} ask.",
    )
    parts = []
    if found.alerts:
        bullets = [_alert(each, say) for each in found.alerts]
        parts.append(Part(say.pick("突然增多的抱怨", "Complaints that rose"), bullets=bullets))
    for sentiment, heading in (
        ("negative", say.pick("差评", "Complaints")),
        ("wish", say.pick("希望", "Wishes")),
        ("positive", say.pick("好评", "Praise")),
    ):
        rows = [_row(each, say) for each in found.of(sentiment)[:SHOWN]]
        if rows:
            heads = say.pick(
                "商品/话题/说的人/占比/平时/其中买过/原话", "Product/Topic/Say it/Share/Usually/Bought/Words"
            )
            parts.append(Part(heading, table=Table(heads.split("/"), rows)))
    if found.questions:
        parts.append(Part(say.pick("问得最多的", "Asked most"), bullets=found.questions))
    if not parts:
        parts.append(
            Part(say.pick("没有内容", "Nothing"), [say.pick("这段时间没有人说什么。", "Nobody said anything.")])
        )
    return Paper(title, about, parts)


def tell_week(work: UnitOfWork, now: datetime) -> int:
    """Have the manager of each product told of the week, and asked to read; nobody is told of a silent one.

    Told again in the same week, it is the same. Returns how many are told.
    """
    library = read_library(work)
    say, today = Wording(library.policy.language), local_day(now, library.policy_zone)
    told = 0
    for manager in managed(work):
        found = report(work, week_before(now), manager=manager)
        if not found.comments:
            continue
        paper = paper_of(work, found)
        year, week, _ = today.isocalendar()
        complaints = [f"{each.product or each.sku} {each.name}" for each in found.of("negative")[:3]]
        worst = say.pick("，最多的差评：", "; most complain of ") + "、".join(complaints) if complaints else ""
        text = say.pick("读一读本周的客户声音", "Read what customers said this week") + worst
        ask(work, f"weekly/{manager}/{year}-{week}", "product", text, today + WEEK, now, owner=manager)
        work.enqueue(TellStaff(manager, markdown(paper)[:NOTICE]))
        told += 1
    return told


def _alert(alert: Alert, say: Wording) -> str:
    name = alert.product or alert.sku
    usual = "" if alert.usual is None else say.pick("，平时 ", "; usually ") + percent(alert.usual)
    share = f"{percent(alert.share)}{usual}"
    return say.pick(
        f"{name}：{alert.speakers} 位说到它的客户里有 {alert.count} 位说“{alert.topic}”（{share}）",
        f"{name}: {alert.count} of {alert.speakers} who speak of it say “{alert.topic}” ({share})",
    )


def _row(topic: Topic, say: Wording) -> list[str]:
    usual = percent(topic.usual.share) if topic.usual else "–"
    rising = say.pick("（突增）", " (rising)") if topic.rises else ""
    return [
        topic.product or topic.sku or "–",
        topic.title + rising,
        f"{topic.count.said} / {topic.count.of}",
        percent(topic.count.share),
        usual,
        str(topic.buyers),
        "；".join(topic.quotes[:3]),
    ]
