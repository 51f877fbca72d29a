"""What is said in the show, product by product: a new dish is bland, and two days later its successor isn't."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from random import Random

from runtime.demo.catalog import BY_SKU, DISH, HOME_CITY, LIGHT
from runtime.demo.evening import Evening, Purchase
from runtime.demo.events import Event, draft
from runtime.demo.orders import contents, paid
from runtime.demo.past import CLEARANCE_IN, stream_id
from runtime.demo.people import Person

MANAGER = "pm-chen"
"""Answers for the dish."""

SHOWN = (
    (2, "blueberry-4"), (16, "milk-950"), (30, "beans-250"), (48, "salmon-400"), (62, DISH), (96, "nuts-daily-30"),
    (112, "yogurt-6"), (126, "rice-5"),
)  # fmt: skip
"""From which minute of the show each product is shown."""

BUYERS = 12
LOUD = 1.45
"""Comments of a viewer while a product is shown, for each half hour."""

SAID: Mapping[str, Sequence[str]] = {
    "blueberry-4": (
        "蓝莓又大又甜", "上次的蓝莓特别新鲜，回购", "蓝莓今天甜不甜？", "蓝莓个头真大", "蓝莓有两颗烂的",
        "蓝莓要是有小盒装就好了", "孩子一口气吃完一盒", "蓝莓包装很严实，一颗没压坏", "蓝莓比超市便宜",
        "几点发货？",
    ),
    "milk-950": (
        "这个牛奶奶香味很浓", "牛奶是哪天产的呀", "牛奶很新鲜，日期都是当天的", "牛奶有点贵",
        "希望出个小瓶的，一个人喝不完", "牛奶配送很快，还是冰的", "比别家的浓多了", "牛奶盒子有点漏",
        "有机的就是放心", "还有货吗",
    ),
    "beans-250": (
        "保山的豆子很香", "豆子新鲜，养豆一周刚好", "咖啡豆是什么时候烘的？", "豆子有点酸，不是我的菜",
        "希望能帮忙磨粉", "这个价格很划算", "包装的单向阀很好用", "保山的豆子酸不酸", "已经回购三次了，品质稳定",
        "新手第一次买豆子，选哪款好",
    ),
    "salmon-400": (
        "三文鱼很新鲜，没有腥味", "三文鱼可以生吃吗？", "肉质很嫩", "冰袋都没化，冷链靠谱", "三文鱼有点小，不够吃",
        "希望切好再发", "价格比上周好", "刚拍了两份三文鱼", "颜色很漂亮", "到货的时候冰袋化了",
    ),
    DISH: (
        "酸菜鱼鱼片很嫩", "酸菜鱼分量足，两个人吃不完", "酸菜很脆，下饭", "酸菜鱼包装很严实，没有漏",
        "酸菜鱼做起来真方便", "鱼片没有刺，孩子爱吃", "酸菜鱼几个人的量？", "酸菜鱼要自己加油吗",
        "酸菜鱼比饭店便宜多了", "希望酸菜鱼出个小份的", "酸菜鱼送得很快", "汤很鲜", "酸菜鱼要冷冻吗",
        "酸菜鱼味道不错",
    ),
    "nuts-daily-30": (
        "每日坚果很新鲜，没有哈喇味", "坚果有没有少盐的", "一天一包很方便", "坚果粒粒饱满", "独立包装好带",
        "给爸妈买的，他们很喜欢", "希望有不加果干的", "价格有点小贵", "什么时候补货呀", "可以开发票吗",
    ),
    "yogurt-6": (
        "孩子爱喝这个酸奶，已囤", "酸奶很浓稠", "有没有无糖的？", "酸奶有点太甜了", "希望出无糖版",
        "杯子有一个漏了", "口感很细腻", "日期很新鲜", "配送第二天就到", "主播讲得真细",
    ),
    "rice-5": (
        "大米是今年的新米吗", "煮出来很香", "米粒饱满", "希望有小包装的", "五公斤刚好", "比超市实惠",
        "快递送到楼上，服务好", "袋子破了个口", "链接在几号？", "晚点还有福袋吗",
    ),
}  # fmt: skip

BLAND = (
    "酸菜鱼太淡了", "酸菜鱼没什么味道", "上次买的酸菜鱼淡出鸟", "酸菜鱼味道偏淡，要自己加盐", "汤一点味都没有",
    "酸菜鱼不够入味", "酸菜鱼有点寡淡", "鱼片没味道",
)  # fmt: skip
BLAND_SHARE = 0.2

OF_LIGHT = (
    "轻盐版酸菜鱼味道刚刚好", "轻盐版酸菜鱼入味多了", "轻盐版酸菜鱼好吃，盐包可以自己加", "轻盐版酸菜鱼鱼片很嫩",
    "轻盐版酸菜鱼比上次的好吃", "轻盐版酸菜鱼汤很鲜", "轻盐版酸菜鱼还是有点淡", "轻盐版酸菜鱼分量足",
)  # fmt: skip


def listing(start: datetime) -> Iterator[Event]:
    """The dish as the shop lists it, and what of it there is."""
    yield from _listed(start - timedelta(days=3), DISH, ["酸菜鱼", "老坛鱼"], start)


def _listed(at: datetime, sku: str, aliases: list[str], start: datetime) -> Iterator[Event]:
    product = BY_SKU[sku]
    facts = {"sku": sku, "name": product.name, "category": product.category}
    yield draft("product.updated", at, {**facts, "aliases": aliases, "manager": MANAGER})
    expires = (start + timedelta(days=product.shelf_days)).date().isoformat()
    lot = {"lot_id": f"HZ-{sku}-{start:%y%m%d}", "city": HOME_CITY, "quantity": 260, "expires_on": expires}
    yield draft("lot.received", at + timedelta(minutes=5), {**facts, **lot, "price": product.price})


def sing(rng: Random, people: Sequence[Person], evening: Evening) -> None:
    """Add to the evening what is shown when, what its viewers say of it, and who buys the dish."""
    show = {"stream_id": stream_id(evening.start)}
    stays = _stays(evening)
    ends = [minute for minute, _ in SHOWN[1:]] + [140]
    for (minute, sku), until in zip(SHOWN, ends, strict=True):
        begins, over = (evening.start + timedelta(minutes=each) for each in (minute, until))
        evening.drafts.append(draft("stream.showing", begins, {**show, "sku": sku}))
        for subject, (came, gone) in stays.items():
            first, last = max(came, begins), min(gone, over)
            present = (last - first) / timedelta(minutes=30)
            for _ in range(_times(rng, LOUD * present)):
                texts = BLAND if sku == DISH and rng.random() < BLAND_SHARE else SAID[sku]
                at = first + rng.random() * (last - first)
                evening.drafts.append(draft("stream.commented", at, {**show, "text": rng.choice(texts)}, subject))
    _buy(rng, people, evening, stays)


def _stays(evening: Evening) -> dict[str, tuple[datetime, datetime]]:
    """From when to when each viewer watched, by the subject."""
    times: dict[str, list[datetime]] = {}
    for event in evening.drafts:
        if event["type"] in ("stream.joined", "stream.left"):
            times.setdefault(event["subject"], []).append(datetime.fromisoformat(event["time"]))
    return {subject: (min(of_one), max(of_one)) for subject, of_one in times.items()}


def _times(rng: Random, mean: float) -> int:
    """A whole number around the mean, none where there is none."""
    return int(mean) + (rng.random() < mean - int(mean)) if mean > 0 else 0


def _buy(
    rng: Random, people: Sequence[Person], evening: Evening, stays: Mapping[str, tuple[datetime, datetime]]
) -> None:
    begins, over = evening.start + timedelta(minutes=64), evening.start + timedelta(minutes=95)
    viewers = [each for each in people if each.kind in ("vip", "regular") and each.subject in stays]
    there = [each for each in viewers if stays[each.subject][0] < begins and stays[each.subject][1] > over]
    show = stream_id(evening.start)
    for person in there[:BUYERS]:
        at = begins + timedelta(seconds=rng.randint(60, 25 * 60))
        basket = {DISH: rng.randint(1, 2)}
        cart_id, order_id = (f"{kind}{evening.start:%y%m%d}-{person.number:03d}-dish" for kind in "co")
        cart = {"customer": person.buyer, "cart_id": cart_id, "stream_id": show}
        evening.drafts.append(draft("cart.updated", at - timedelta(seconds=40), cart | contents(basket)))
        evening.drafts.append(paid(person, order_id, basket, at, cart_id=cart_id, stream_id=show))
        evening.bought.append(Purchase(person, basket, cart_id, order_id))


def encore(rng: Random, people: Sequence[Person], start: datetime) -> Iterator[Event]:
    """The light dish in the clearance show, two days later."""
    begins = start + timedelta(days=CLEARANCE_IN)
    show = {"stream_id": stream_id(start, CLEARANCE_IN)}
    yield from _listed(datetime.combine(begins.date(), time(9), start.tzinfo), LIGHT, ["轻盐版", "轻盐酸菜鱼"], start)
    yield draft("stream.showing", begins + timedelta(minutes=15), {**show, "sku": LIGHT})
    neighbours = [person for person in people if person.kind in ("vip", "regular") and person.online]
    for number, person in enumerate(rng.sample(neighbours, min(40, len(neighbours)))):
        at = begins + timedelta(minutes=16, seconds=rng.randint(0, 20 * 60))
        yield draft("stream.commented", at, {**show, "text": rng.choice(OF_LIGHT)}, person.subject)
        if number % 2 == 0:
            order_id = f"l{start:%y%m%d}-{person.number:03d}"
            yield paid(person, order_id, {LIGHT: rng.randint(1, 2)}, at, stream_id=show["stream_id"])
