"""What 绿野鲜踪 sells, and the words that its customers, guides and viewers are made of. Prices are in fen."""

from typing import NamedTuple


class Product(NamedTuple):
    """`price` is in fen; `shelf_days` is how long a lot that is in stock on the evening of the show still keeps."""

    sku: str
    name: str
    category: str
    price: int
    shelf_days: int


PRODUCTS = (
    Product("blueberry-4", "云南蓝莓4盒装", "生鲜", 5990, 12),
    Product("orange-5", "赣南脐橙5斤", "生鲜", 3990, 20),
    Product("egg-30", "散养土鸡蛋30枚", "生鲜", 4580, 25),
    Product("potato-5", "高山小土豆5斤", "生鲜", 2490, 30),
    Product("salmon-400", "冷冻三文鱼排400g", "生鲜", 8900, 180),
    Product("shrimp-500", "厄瓜多尔白虾500g", "生鲜", 5980, 150),
    Product("beef-500", "草饲牛腩500g", "生鲜", 6980, 120),
    Product("milk-950", "有机鲜牛乳950ml", "乳品", 2290, 12),
    Product("yogurt-6", "希腊酸奶6杯", "乳品", 3990, 16),
    Product("cheese-200", "马苏里拉芝士200g", "乳品", 2990, 90),
    Product("butter-227", "草饲黄油227g", "乳品", 3290, 150),
    Product("toast-400", "北海道吐司400g", "烘焙", 1890, 12),
    Product("bagel-6", "原味贝果6个", "烘焙", 2990, 40),
    Product("tart-12", "葡式蛋挞皮12个", "烘焙", 2590, 90),
    Product("beans-250", "云南保山咖啡豆250g", "咖啡豆", 8900, 300),
    Product("beans-yirga-250", "耶加雪菲咖啡豆250g", "咖啡豆", 9900, 300),
    Product("beans-house-500", "意式拼配咖啡豆500g", "咖啡豆", 12800, 300),
    Product("filter-paper-02", "02号原木浆滤纸100张", "手冲器具", 2900, 1500),
    Product("server-600", "耐热玻璃分享壶600ml", "手冲器具", 6900, 1500),
    Product("dripper-02", "陶瓷滤杯02号", "手冲器具", 7900, 1500),
    Product("kettle-600", "细口手冲壶600ml", "手冲器具", 15900, 1500),
    Product("grinder-hand", "手摇磨豆机", "手冲器具", 19900, 1500),
    Product("nuts-daily-30", "每日坚果30包", "坚果", 9900, 200),
    Product("walnut-500", "新疆薄皮核桃500g", "坚果", 3980, 160),
    Product("pistachio-500", "原色开心果500g", "坚果", 6980, 180),
    Product("rice-5", "五常大米5kg", "粮油", 7900, 240),
    Product("camellia-oil-500", "山茶油500ml", "粮油", 9800, 400),
    Product("longjing-100", "明前龙井100g", "茶饮", 16800, 330),
)
DISH, LIGHT = "fish-suancai", "fish-suancai-light"
"""A dish of tonight, which is bland, and what comes of that."""

DISHES = (
    Product(DISH, "老坛酸菜鱼", "预制菜", 3990, 240),
    Product(LIGHT, "轻盐版酸菜鱼", "预制菜", 4290, 240),
)
BY_SKU = {product.sku: product for product in (*PRODUCTS, *DISHES)}
CATEGORIES = tuple(dict.fromkeys(product.category for product in PRODUCTS))

HOME_CITY = "杭州"
SECOND_CITY = "上海"
CITY_CODES = {HOME_CITY: "HZ", SECOND_CITY: "SH"}
CITIES = {HOME_CITY: 60, SECOND_CITY: 24, "宁波": 6, "苏州": 5, "南京": 3, "绍兴": 2}
"""Where customers live, with the weight of each city."""

GUIDES = ("guide-lin", "guide-zhou", "guide-xu", "guide-he")
"""The WeCom user ids of the 导购."""

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡"
    "余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石"
)
GIVEN_NAMES = (
    "晓雯", "子涵", "雨桐", "思远", "嘉怡", "梓萱", "俊杰", "佳宁", "文博", "雅琴", "志强", "丽娟", "建国", "秀英",
    "海燕", "明轩", "诗涵", "欣然", "一鸣", "若曦", "静怡", "浩然", "婷婷", "晓东", "慧敏", "春梅", "国栋", "小满",
    "立夏", "知秋", "敏", "静", "磊", "洋", "艳", "勇", "芳", "娜", "杰", "涛", "超", "霞", "平", "刚", "玲",
    "桂兰", "淑珍", "振宇", "天佑", "可欣",
)  # fmt: skip

COMMENTS = (
    "主播好，刚下班赶上了", "蓝莓今天甜不甜？", "上次的蓝莓特别新鲜，回购", "牛奶是哪天产的呀", "杭州明天能到吗",
    "上海几天能收到？", "咖啡豆是什么时候烘的？", "保山的豆子酸不酸", "新手第一次买豆子，选哪款好",
    "家里没有磨豆机，能帮忙磨粉吗", "耶加雪菲还有货吗", "满减能一起用吗", "刚拍了两份三文鱼", "三文鱼可以生吃吗？",
    "虾是单冻的吗，会不会粘在一起", "鸡蛋碎了包赔吗", "坚果有没有少盐的", "给爸妈买的，核桃好剥吗",
    "贝果要回烤几分钟", "吐司能冷冻吗", "大米是今年的新米吗", "孩子爱喝这个酸奶，已囤", "主播讲得真细",
    "上次的脐橙有一个坏的，客服马上赔了，赞", "再讲一遍牛腩怎么炖", "滤纸用02号的对吗", "可以开发票吗",
    "什么时候补货呀", "已下单，等收货", "包装能不能少一点塑料", "晚点还有福袋吗", "链接在几号？",
    "听说后天有清仓专场？", "龙井是明前的吗", "第一次来，求推荐", "价格比上周好",
)  # fmt: skip
