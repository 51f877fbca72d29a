"""What the text of each channel must be, beside what holds for all."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from domain.texts import mail, wechat
from workflows.source.diagnostics import Diagnostic
from workflows.terms.channels import Channel

Check = Callable[[str, str], Iterator[Diagnostic]]
_CHECKS: Mapping[str, Check] = {
    "wechat": wechat.check,
    "mini": partial(wechat.check, mini=True),
    "email": mail.check,
}


def checks_of(channel: Channel) -> Check:
    """What looks at a template of a channel by its path and source."""
    return _CHECKS.get(channel, lambda *_: iter(()))
