"""The channels over which messages go: a new one is a line here, and a folder in `activities/adapters`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal


@dataclass(frozen=True)
class ChannelKind:
    """What is known of a channel: the kind of identifier it writes to, its name for customers, who can carry it.

    `providers` are modules of `runtime/platform/providers`, or folders in `activities/adapters`.
    """

    address: str
    name: str
    providers: tuple[str, ...]


CHANNEL_KINDS: Mapping[str, ChannelKind] = {
    "sms": ChannelKind("phone", "短信", ("twilio", "aliyun_sms", "tencent_sms")),
    "wecom": ChannelKind("external_userid", "企业微信", ("wecom",)),
    "wechat": ChannelKind("openid", "微信公众号", ("wechat",)),
    "mini": ChannelKind("openid:mini", "小程序", ("mini",)),
    "email": ChannelKind("email", "邮件", ("smtp",)),
}

CHANNELS = tuple(CHANNEL_KINDS)
ADDRESS: Mapping[str, str] = {channel: kind.address for channel, kind in CHANNEL_KINDS.items()}
"""The kind of identifier that each channel delivers to."""

if TYPE_CHECKING:
    Channel = str
    CapName = str
else:
    Channel = Literal[CHANNELS]
    CapName = Literal[(*CHANNELS, "all")]
