"""The sources of events made by the product or its providers' receivers; reserved, so the API refuses them."""

COUPONS = "coupons"
DESK = "desk"
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
