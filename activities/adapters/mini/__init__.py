"""Subscription messages of WeChat mini programs (小程序订阅消息)."""
