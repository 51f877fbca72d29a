"""Signing in by WeCom (企业微信): inside its app silently, elsewhere by a QR code.

https://developer.work.weixin.qq.com/document/path/91022 and /98152.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from api.access.outside import Ask, Known, SigninFailedError

INSIDE = "https://open.weixin.qq.com/connect/oauth2/authorize"
OUTSIDE = "https://login.work.weixin.qq.com/wwlogin/sso/login"

UserInfo = Callable[[str], Awaitable[Mapping[str, Any]]]
"""The answer to `auth/getuserinfo` about a code. Raises SigninFailedError."""


class WecomLogin:
    """A corp's application. Users are known by their staff id, WeCom's userid."""

    name = "wecom"
    label = "企业微信"

    def __init__(self, corp_id: str, agent_id: int, secret: str, user_info: UserInfo) -> None:
        self.secret = secret
        self._corp_id = corp_id
        self._agent_id = agent_id
        self._user_info = user_info

    async def address(self, ask: Ask, agent: str) -> str:
        """Where the browser is sent; WeCom's own calls itself `wxwork`."""
        common = {"appid": self._corp_id, "redirect_uri": ask.back, "state": ask.state, "agentid": self._agent_id}
        if "wxwork" in agent.lower():
            silent = {"response_type": "code", "scope": "snsapi_base"}
            return f"{INSIDE}?{urlencode(common | silent)}#wechat_redirect"
        return f"{OUTSIDE}?{urlencode({'login_type': 'CorpApp'} | common)}"

    async def identify(self, ask: Ask, code: str) -> Known:  # noqa: ARG002 WeCom keeps nothing of the attempt
        """The employee who came back; somebody outside the corp is nobody."""
        answer = await self._user_info(code)
        userid = answer.get("userid")
        if not isinstance(userid, str) or not userid:
            raise SigninFailedError("nobody of the corp")
        return Known(staff=userid)
