"""The outside world, one small class per provider behind one protocol."""

from domain.delivery import Account, ChannelAdapter, Channels, Traceable

__all__ = ["Account", "ChannelAdapter", "Channels", "Traceable"]
