"""A mini program (小程序): subscription messages, one for each consent that a customer gave in it.

https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-message-management/subscribe-message/sendMessage.html
"""

from typing import Any

from activities.adapters.wechat.channel import Content, Wechat
from domain.texts.wechat import Subscription, TextError


class Mini(Wechat):
    """Like an Official Account, but nothing goes without a consent to its template."""

    def request(self, content: Content) -> tuple[str, dict[str, Any]]:
        if not isinstance(content, Subscription) or content.miniprogram:
            raise TextError("40037 a mini program sends subscription messages alone")
        body: dict[str, Any] = {
            "template_id": content.template,
            "data": {name: {"value": value} for name, value in content.arguments.items()},
        }
        if content.page:
            body["page"] = content.page
        return "message/subscribe/send", body
