"""The sources of the events that we tell ourselves, or that providers tell us. Nobody else may post under them."""

COUPONS = "coupons"
FOLLOW_UP = "follow-up"
IMPORT = "import"
LINKS = "links"
LIVE = "live"
PREFERENCES = "preferences"
PROVIDER = "provider"
SCHEDULE = "schedule"
SEND_TEST = "aftershow"
STOCK = "stock"
TWILIO = "twilio"
WAREHOUSE = "warehouse"
WECHAT = "wechat"
WECOM = "wecom"

OURS = frozenset(value for name, value in list(globals().items()) if name.isupper())
