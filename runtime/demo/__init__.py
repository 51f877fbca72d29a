"""The demo shop 绿野鲜踪: its goods, its customers and one evening of live selling, as events."""
