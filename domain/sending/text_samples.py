"""What texts can name, made up: for a text that is tried before there is a customer for it. Money is fen."""

from datetime import datetime, timedelta
from typing import Any

from domain.published.library import Library


def samples(library: Library, now: datetime) -> dict[str, Any]:
    """Every name that a text can use, with samples in it."""
    soon = now.astimezone(library.policy_zone) + timedelta(days=3)
    shop = library.policy.shop
    return {
        "shop": {"name": shop, "sign": f"【{shop}】"},
        "customer": {"name": "小李", "city": "杭州"},
        "trigger": {
            "order_id": "TEST-1", "cart_id": "TEST-1", "total": 8900,
            "items": [{"sku": "TEST", "name": "样品", "category": "咖啡豆", "quantity": 1, "price": 8900}],
        },
        "data": {},
        "coupon": {
            "name": "满59减10", "amount_off": 1000, "percent_off": None, "ceiling": None, "threshold": 5900,
            "code": "TEST", "expires_at": soon,
        },
        "lot": {"id": "TEST", "sku": "TEST", "name": "鲜牛奶", "category": "乳品", "city": "杭州", "days_left": 3,
                "available": 20, "expires_on": soon.date().isoformat()},
        "stream": {"id": "TEST", "title": "试播", "city": "杭州", "starts_at": soon},
    }  # fmt: skip
