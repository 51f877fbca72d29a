"""What people call the known events in Chinese; the events that schedules stand for, and what they are about."""

from collections.abc import Mapping

from workflows.terms.values import Language

EVENT_NAMES: Mapping[str, str] = {
    "customer.registered": "注册",
    "customer.updated": "资料变更",
    "customer.birthday": "生日",
    "consent.given": "同意接收",
    "consent.withdrawn": "退订",
    "cart.updated": "购物车变动",
    "cart.cleared": "清空购物车",
    "order.paid": "已下单",
    "order.shipped": "已发货",
    "order.delivered": "已签收",
    "order.refunded": "已退款",
    "review.written": "写了评价",
    "product.viewed": "浏览商品",
    "stream.scheduled": "直播排期",
    "stream.cancelled": "直播取消",
    "stream.started": "直播开始",
    "stream.ended": "直播结束",
    "stream.showing": "直播讲解商品",
    "stream.joined": "进入直播间",
    "stream.left": "离开直播间",
    "stream.commented": "直播间评论",
    "message.delivered": "消息送达",
    "message.read": "消息已读",
    "message.clicked": "点击链接",
    "message.replied": "回复消息",
    "message.failed": "消息未送达",
    "coupon.issued": "发券",
    "coupon.locked": "券被占用",
    "coupon.released": "券被放开",
    "coupon.redeemed": "用券",
    "coupon.restored": "券恢复可用",
    "coupon.expired": "券过期",
    "coupon.revoked": "券被收回",
    "coupon.discrepancy": "用券有出入",
    "asn.received": "供应商发货通知",
    "lot.received": "到货",
    "lot.near_expiry": "临期",
    "lot.sold_out": "售罄",
    "product.updated": "商品变更",
    "product.launched": "新品上市",
    "store.updated": "门店变更",
    "stock.counted": "盘点",
    "stock.discrepancy": "库存有出入",
    "stock.alarm": "库存预警",
    "feedback.alert": "口碑预警",
    "spend.recorded": "获客花费",
    "todo.done": "待办完成",
    "segment.member": "属于人群",
    "play.entered": "参加玩法",
    "play.won": "玩法中奖",
    "play.told": "告知玩法结果",
    "play.closed": "玩法截止",
    "tag.added": "得到标签",
    "tag.removed": "失去标签",
    "segment.entered": "进入人群",
    "segment.left": "离开人群",
    "send.once": "单次发送",
}


def event_name(type: str, lang: Language) -> str:
    """`已下单`, `order.paid`; of an event that nobody has named, its type."""
    return EVENT_NAMES.get(type, type) if lang == "zh" else type


SCHEDULED_EVENTS: Mapping[str, str] = {
    "near_expiry_lot": "lot.near_expiry",
    "birthday": "customer.birthday",
    "segment": "segment.member",
}

CUSTOMER_EVENTS = frozenset(SCHEDULED_EVENTS.values()) - {"lot.near_expiry"}
"""Those about a customer; their data can name the journey that they are for."""


def event_of(for_each: str) -> str:
    """The type of the event that a schedule emits for each: `segment:vip` gives `segment.member`."""
    return SCHEDULED_EVENTS[for_each.partition(":")[0]]


def brought_by(event: str) -> frozenset[str]:
    """What an event about the business brings into a journey that it begins."""
    match event.partition(".")[0]:
        case "stream":
            return frozenset({"stream"})
        case "lot" | "stock":
            return frozenset({"lot", "stream"})
    return frozenset()
