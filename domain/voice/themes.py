"""What people say often, in few words: the topic of a phrase.

Two phrases that share no character can say the same ("没味道", "淡出鸟"); which words do is written down here, and by
the shop in `_voice.yaml`. What none of them is in falls to the rest of its aspect, and is named by its most typical
phrase (`domain/voice/topics.py`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from domain.voice.clauses import nameless, plain
from workflows.language.voice import Aspect, Voice

THEMES: Mapping[Aspect, Mapping[str, str]] = {
    "taste": {
        "口味偏淡": "淡 没味 没什么味 没啥味 没有味 没滋味 一点味都没 无味 寡 不入味 不够味 没入味 味道不够 "
        "味不够 没有咸 不咸 盐少 白开水 像水 没灵魂",
        "口味偏咸": "咸 齁死 盐多 盐放多 喝水喝",
        "口味偏甜": "太甜 好甜 过甜 偏甜 齁甜 甜腻 甜了 甜得",
        "不够甜": "不甜 没甜 甜度不",
        "口味偏辣": "太辣 辣死 辣哭 巨辣 好辣 偏辣 过辣 辣得 辣到",
        "不够辣": "不辣 没辣 辣味不 微辣都",
        "口味偏酸": "太酸 好酸 酸死 酸掉 偏酸 酸得 酸涩 真酸 真的酸 很酸 有点酸 酸牙 酸倒",
        "口味偏苦": "苦 涩",
        "太油腻": "油腻 太油 好油 腻 全是油 油太",
        "肉质发柴": "柴 太硬 好硬 咬不动 嚼不动 塞牙 老了 太老",
        "口感软烂": "软烂 烂糊 糊了 太软 稀烂 面面的 绵了 不脆",
        "有腥味异味": "腥 异味 怪味 味道怪 味怪 臭 膻 有股 一股 股子 塑料味 药味 胶味 油味 汽油 柴油 机油 煤油 加油站 "
        "消毒 洗衣粉 肥皂 铁锈 霉味 哈喇 哈味",
    },
    "freshness": {
        "不新鲜": "不新鲜 不鲜 坏 烂 馊 霉 发臭 变质 变味 蔫 黄叶 黑心 长毛 酸败",
        "快到期": "到期 过期 日期 临期 保质期",
        "化冻": "化了 化冻 解冻 不冰 冰袋 化成水",
    },
    "packaging": {
        "漏液": "漏 洒 流出来 湿了",
        "破损压坏": "破 压 碎 烂 扁 裂 瘪 变形",
        "胀袋": "胀 鼓包 鼓起",
        "包装难打开": "打不开 难撕 难开 撕不开 难打开",
        "过度包装": "过度 浪费 太多层 包装太多",
    },
    "price": {
        "价格偏贵": "贵 不划算 不值 割韭菜 智商税 坑 涨价 买亏 性价比不 性价比低 没性价比",
        "降价补差": "降价 补差 价保 刚买就 便宜了",
    },
    "delivery": {
        "送得慢": "慢 久 还没到 没到 没收到 几天了 延迟 超时 拖 等了 不发货 没发货 才到",
        "送货态度": "态度 扔 不上门 驿站 不送",
    },
    "portion": {"分量少": "少 小 不够吃 缩水 缺斤 短斤 没几 几口 分量不 份量不 轻了"},
    "quality": {
        "有异物": "头发 虫 异物 沙 塑料 骨头渣",
        "品质不稳": "不如上次 没上次 不如以前 变差 退步 不稳定 质量下降",
    },
    "service": {
        "客服不理": "不回 没人理 不理 找不到人 没回 机器人",
        "态度差": "态度 敷衍 踢皮球 推脱",
        "退款难": "退款 不给退 不退 售后",
    },
    "ingredients": {"添加剂": "添加剂 防腐剂 科技 色素 香精", "太油太糖": "热量 大卡 糖 脂肪 高钠 盐 钠"},
    "appearance": {"卖相差": "难看 丑 卖相 颜色 图片不符 和图 照骗 不一样"},
    "overall": {"不会再买": "不会再 不买了 不回购 最后一次 再也不", "失望": "失望 后悔 踩雷 避雷 难吃 一般般 不好吃"},
}
"""Of each aspect, what blame and wishes say, and the words that say it; the first that fits is the topic."""

_WISHES: Mapping[Aspect, Mapping[str, str]] = {
    "taste": {
        "想要清淡": "清淡 少盐 低盐 轻盐 淡一点 淡点 少油 不那么咸",
        "想要重口": "重口 咸一点 咸点 浓 加盐 入味",
        "想要更辣": "更辣 辣一点 辣点 特辣 加辣",
        "想要不辣": "不辣 微辣 少辣 不要辣",
        "想要少糖": "少糖 无糖 低糖 不甜",
        "想要新口味": "口味 新味",
    },
    "portion": {"想要小份": "小份 小包 一人 单人 小袋 迷你", "想要大份": "大份 大包 家庭 大袋 多一点 多点"},
    "packaging": {"想要独立包装": "独立 单独 分装", "想要礼盒": "礼盒 送礼"},
    "price": {"想要优惠": "便宜 优惠 券 打折 降 活动 满减 买一送"},
    "delivery": {"想要快送": "快 当天 次日 冷链 上门 约"},
    "ingredients": {"想要低脂低糖": "低脂 低糖 无糖 0糖 零添加 无添加 减脂"},
    "overall": {"想要补货": "补货 返场 上架 再来 有货"},
}

ASPECTS: Mapping[str, str] = {
    "taste": "味道", "freshness": "新鲜", "packaging": "包装", "price": "价格", "delivery": "物流", "portion": "分量",
    "quality": "品质", "service": "服务", "ingredients": "配料", "appearance": "卖相", "overall": "总体",
}  # fmt: skip
"""What people call the aspects."""

OTHERWISE = (
    "柴油 柴火 火柴 贵妃 贵州 贵阳 富贵 咸阳 淡水 淡季 苦瓜 苦荞 臭豆腐 臭鳜鱼 小龙虾 小米 小麦 小票 小程序 "
    "碎冰 压力 高压 破壁 沙拉 沙琪玛 沙茶 豆沙 沙瓤 糖醋 糖心 糖果 盐焗 椒盐 慢慢 永久 霉干菜 少女 多少 "
    "少爷 至少 老板 老坛 老公 老婆 老人 老师 老家 黑椒 大小"
)
"""In these a word of a topic says something else."""

PRAISE = "赞"
REST = "其他"
"""The topics of praise, and of what no word of a topic is in."""


@dataclass(frozen=True)
class _Theme:
    name: str
    aspect: Aspect
    words: Sequence[str]


class Themes:
    """Names topics, by the words above and those that the shop's lexicon adds, which come first.

    `names` are what products are called, which is no word of a topic.
    """

    def __init__(self, lexicon: Voice | None = None, names: Iterable[str] = ()) -> None:
        self._names = [*(plain(name) for name in names), *OTHERWISE.split()]
        own = [
            _Theme(name, topic.aspect, [plain(word) for word in topic.words])
            for name, topic in (lexicon or Voice()).topics.items()
        ]
        self._blame = [*own, *_themes(THEMES)]
        self._wishes = [*own, *_themes(_WISHES), *_themes(THEMES)]

    def topic_of(self, aspect: Aspect | None, sentiment: str | None, phrase: str) -> tuple[Aspect | None, str | None]:
        """The aspect and topic of a phrase; None for what has no sentiment.

        A word of another aspect than was read counts where none of the aspect's own is in it.
        """
        if aspect is None or sentiment in (None, "neutral"):
            return aspect, None
        if sentiment == "positive":
            return aspect, PRAISE
        text = plain(phrase)
        fitting = self._fitting(sentiment, text)
        of_aspect = [each for each in fitting if each.aspect == aspect]
        if of_aspect:
            return aspect, of_aspect[0].name
        if fitting and aspect in ("overall", "quality"):
            return fitting[0].aspect, fitting[0].name
        return aspect, REST

    def named(self, aspect: Aspect, sentiment: str | None, phrase: str) -> str | None:
        """The topic of a phrase whose aspect is certain."""
        if sentiment in (None, "neutral", "positive"):
            return PRAISE if sentiment == "positive" else None
        fitting = [each.name for each in self._fitting(sentiment, plain(phrase)) if each.aspect == aspect]
        return fitting[0] if fitting else REST

    def _fitting(self, sentiment: str | None, text: str) -> list[_Theme]:
        themes = self._wishes if sentiment == "wish" else self._blame
        text = nameless(text, self._names)
        return [each for each in themes if any(word in text for word in each.words)]


def _themes(table: Mapping[Aspect, Mapping[str, str]]) -> Iterator[_Theme]:
    for aspect, themes in table.items():
        for name, words in themes.items():
            yield _Theme(name, aspect, [plain(word) for word in words.split()])
