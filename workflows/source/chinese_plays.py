"""Part of the catalogue of sentences in Chinese: plays."""

from collections.abc import Mapping

OF_PLAYS: Mapping[str, str] = {
    "play {name} in a file named {file}": "玩法 {name} 写在名为 {file} 的文件里",
    "nothing is collected in it; a play has a `collect`": "里面什么也不收集；玩法要有 `collect`",
    "there are no winners yet; write a `draw` or a `rank` before it": "还没有中奖者；请在它前面写 `draw` 或 `rank`",
    "{part} needs entries; write a `collect` before it": "{part}要有参与；请在它前面写 `collect`",
    "a draw": "抽奖",
    "a rank": "排名",
    "a count": "计票",
    "a reward": "奖励",
    "a start": "开始旅程",
    "an `if`": "分支（`if`）",
    "an announcement to them": "告诉他们",
    "a part": "一步",
    "{kind} choose one of several `options`: a mapping of short names and texts": (
        "{kind} 要在几个 `options` 里选：写成短名和文字的对应"
    ),
    "`options` go with votes and answers only": "只有 votes 和 answers 才有 `options`",
    "`correct` names the right option of answers, which need it": "`correct` 写 answers 的正确选项，也只有它要写",
    "there is no option {name}": "没有 {name} 这个选项",
    "what is collected here has no options to count": "这里收集的没有选项，没有票可计",
    "`send` names a text and `via` the channels; one needs the other": "`send` 写文案，`via` 写渠道；两个要一起写",
    "`send` writes to winners, lost or entrants; name them in `announce`": (
        "`send` 是写给 winners、lost 或 entrants 的；请在 `announce` 里写上"
    ),
    "it asks exactly one of `entries_at_least` and `top`": "`entries_at_least` 和 `top` 要写且只写一个",
    "`to` is the right number, and goes with `by: closest`, which needs it": (
        "`to` 是正确的数，和 `by: closest` 一起写，也只有它要写"
    ),
    "only guesses are close to a number; write `collect: guesses` before it": (
        "只有竞猜才有接近的数；请在它前面写 `collect: guesses`"
    ),
    "a thing is a prize of a `draw` or a `rank`, which says how many there are": (
        "实物是 `draw` 或 `rank` 的奖品，那里写明有几份"
    ),
    "{number} winners for {count} prizes; there is one for each": "{number} 名中奖者，却有 {count} 份奖品；一人一份",
    "{number} coupons of {name}, whose budget holds {most}": "要 {number} 张 {name}，而它的预算只有 {most} 张",
    "{name} holds for products of a journey (`products: {products}`); a play has none": (
        "{name} 只用于旅程里的商品（`products: {products}`），而玩法没有"
    ),
    "a prize of {worth}; the law allows {most} at most": "奖品值 {worth}；法规规定最高不超过 {most}",
    "`value` goes with `thing`, and a thing needs it: what one costs": "`value` 和 `thing` 一起写：实物要写一份值多少",
    "it is exactly one of `coupon`, `tag`, `points` and `thing`": "`coupon`、`tag`、`points`、`thing` 要写且只写一个",
    "it has neither `winners` nor `prizes`": "`winners` 和 `prizes` 都没写",
    "nobody here is {name}": "这里没有谁是 {name}",
    "entries are weighted by a field of the customer, like `customer.level`": (
        "加权要用客户的字段，例如 `customer.level`"
    ),
    "there is no journey {name}": "没有 {name} 这个旅程",
    "the journey {name} isn't begun by a play; write {mend} in it": "旅程 {name} 不是由玩法开始的；请在里面写 {mend}",
}
