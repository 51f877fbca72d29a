"""What people call the fields that conditions ask about, in Chinese."""

from collections.abc import Mapping

from workflows.terms.calendar import WEEKDAYS
from workflows.terms.comparing import DATE_PARTS
from workflows.terms.values import Language

_OWN: Mapping[str, str] = {
    "customer.name": "客户姓名",
    "customer.city": "客户所在城市",
    "customer.birthday": "客户生日",
    "customer.birthday_lunar": "客户农历生日",
    "customer.owner": "专属导购",
    "customer.timezone": "客户时区",
    "customer.location": "客户位置",
    "customer.orders": "下单次数",
    "customer.spent": "累计消费",
    "customer.last_order_at": "最近下单时间",
    "customer.recency_days": "距最近下单的天数",
    "customer.frequency": "购买频次",
    "customer.value": "消费总额",
    "customer.r": "最近购买分档（R）",
    "customer.f": "购买频次分档（F）",
    "customer.m": "消费金额分档（M）",
    "customer.likely_to_buy": "30 天内下单的可能",
    "customer.expected_value": "预计 12 个月消费",
    "customer.usual_hour": "常在的钟点",
    "lot.id": "批次号",
    "lot.sku": "批次的货号",
    "lot.name": "批次的商品",
    "lot.category": "批次的类目",
    "lot.city": "批次所在城市",
    "lot.store": "批次所在门店",
    "lot.location": "批次的位置",
    "lot.expires_on": "批次到期日",
    "lot.days_left": "批次剩余天数",
    "lot.available": "批次可售数量",
    "stream.id": "直播场次",
    "stream.title": "直播标题",
    "stream.city": "直播城市",
    "stream.starts_at": "开播时间",
    "coupon.code": "券码",
    "coupon.campaign": "券活动",
    "coupon.status": "券的状态",
    "coupon.expires_at": "券到期时间",
    "coupon.name": "券名称",
    "coupon.amount_off": "券减免金额",
    "coupon.percent_off": "券折扣比例",
    "coupon.ceiling": "券最高减免",
    "coupon.threshold": "券使用门槛",
    "coupon.valid": "券有效期",
    "coupon.per_customer": "每人限领",
    "coupon.budget_count": "券的张数预算",
    "coupon.budget_money": "券的金额预算",
    "coupon.products": "券适用商品",
    "coupon.skus": "券适用货号",
    "coupon.categories": "券适用类目",
    "coupon.combines": "券能否叠加",
    "coupon.refund": "券的退款规则",
    "coupon.partial_refund": "券的部分退款规则",
    "coupon.sku": "兑换的货号",
    "now.year": "今年",
    "now.month": "当前月份",
    "now.day": "今天几号",
    "now.weekday": "今天星期几",
    "now.hour": "当前钟点",
}

_OF_EVENTS: Mapping[str, str] = {
    "aliases": "别名",
    "amount": "花费",
    "arrives_on": "到货日",
    "aspect": "方面",
    "at_risk": "临期风险数量",
    "basis": "依据",
    "birthday": "生日",
    "birthday_lunar": "农历生日",
    "by": "由谁",
    "campaign": "券活动",
    "cart_id": "购物车",
    "category": "类目",
    "channel": "渠道",
    "city": "城市",
    "code": "券码",
    "companions": "搭配商品",
    "count": "条数",
    "days": "剩余天数",
    "choice": "选择",
    "enrollment": "所在的一次旅程",
    "entries": "参与数",
    "entry": "参与编号",
    "expected": "预期销量",
    "expires_on": "到期日",
    "guess": "竞猜的数",
    "instance": "场次",
    "host": "主播",
    "items": "商品",
    "items.category": "商品类目",
    "items.expires_on": "商品到期日",
    "items.lot_id": "商品批次",
    "items.name": "商品名称",
    "items.price": "商品单价",
    "items.quantity": "商品数量",
    "items.sku": "商品货号",
    "journey": "旅程",
    "kind": "种类",
    "left": "剩余数量",
    "location": "位置",
    "location.lat": "纬度",
    "location.lon": "经度",
    "lot_id": "批次",
    "manager": "负责人",
    "message": "消息",
    "min_days": "最短可售天数",
    "minutes": "分钟数",
    "name": "名称",
    "note": "备注",
    "order": "采购订单",
    "order_id": "订单号",
    "other_order_id": "另一订单号",
    "owner": "专属导购",
    "per_minute": "每分钟销量",
    "place": "名次",
    "play": "玩法",
    "price": "单价",
    "prize": "奖品",
    "products": "上架商品",
    "products.price": "直播价",
    "products.reservations": "商品预约人数",
    "products.sku": "上架货号",
    "purpose": "用途",
    "quantity": "数量",
    "quarantined": "不可售数量",
    "rate": "日均销量",
    "rating": "评分",
    "requirement": "产品需求",
    "reason": "原因",
    "reservations": "预约人数",
    "reserved": "预留数量",
    "segment": "人群",
    "sells_out_at": "预计卖完时间",
    "send": "内容",
    "share": "占比",
    "shelf_days": "保质天数",
    "tracking_no": "运单号",
    "carrier": "承运商",
    "sku": "货号",
    "sold": "已售数量",
    "source": "来源",
    "speakers": "人数",
    "starts_at": "开播时间",
    "step": "步骤",
    "store": "门店",
    "stream_id": "直播场次",
    "supplier": "供应商",
    "tag": "标签",
    "text": "文字",
    "timezone": "时区",
    "title": "标题",
    "top": "最高票",
    "topic": "话题",
    "total": "金额",
    "url": "链接",
    "usual": "平常的条数",
    "watched_minutes": "观看分钟数",
    "whom": "身份",
    "window": "统计的分钟数",
    "wording": "条款版本",
}
"""By their place in an event's data; an item of a list has those that its list has."""

_PARTS = dict(zip(DATE_PARTS, ("年份", "月份", "日子", "星期"), strict=True))


def field_name(field: str, lang: Language) -> str | None:
    """`下单次数` for `customer.orders`, `触发时的金额` for `trigger.total`.

    None if people have no other name for it than the one that is written, as always in English.
    """
    return _chinese(field) if lang == "zh" else None


_STATES: Mapping[str, str] = {
    "issued": "未用", "locked": "被订单占用", "redeemed": "已用", "expired": "已过期", "revoked": "已收回",
}  # fmt: skip


def value_name(field: str, value: str, lang: Language) -> str:
    """`周五` for `friday`, `未用` for the `issued` of a coupon; in English, and of other fields, the value itself."""
    if lang == "zh" and field.rpartition(".")[2] == "weekday" and value in WEEKDAYS:
        return f"周{'一二三四五六日'[WEEKDAYS.index(value)]}"
    return _STATES.get(value, value) if lang == "zh" and field == "coupon.status" else value


def _chinese(field: str) -> str | None:
    root, _, path = field.partition(".")
    whole, _, part = field.rpartition(".")
    match root:
        case _ if field in _OWN:
            return _OWN[field]
        case "event" | "trigger" if path in _OF_EVENTS:
            return f"{'触发时的' if root == 'trigger' else ''}{_OF_EVENTS[path]}"
        case "item" if f"items.{path}" in _OF_EVENTS:
            return _OF_EVENTS[path]
        case "measure" if path:
            return f"「{path}」"
    if part in _PARTS and (named := _chinese(whole)):
        return f"{named}的{_PARTS[part]}"
    return None
