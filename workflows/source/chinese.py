"""The sentences of diagnostics in Chinese: one catalogue, by the English sentence with its places in braces.

A diagnostic carries its English sentence; what stands in a place, if it is a phrase of the catalogue, is put into
Chinese too. Names, keys and codes stay as they are.
"""

from collections.abc import Mapping

from workflows.source.chinese_connect import OF_CONNECTORS
from workflows.source.chinese_parts import OF_CASES, OF_EDITS, OF_TEXTS, OF_VALUES, PHRASES
from workflows.source.chinese_plays import OF_PLAYS
from workflows.source.translating import translator

SENTENCES: Mapping[str, str] = {
    # suppliers
    "`breaks` need a `price`, and each more units at a lower price than the one before": (
        "`breaks` 要有 `price`，而且每一档的数量比前一档多、价格比前一档低"
    ),
    "{name} brings it already; a product has one supplier": "已经由 {name} 供货；一个商品只有一个供应商",
    "a supplier of the way vmi plans between `min` and `max`; write both": (
        "vmi 的供应商在 `min` 和 `max` 之间安排；两个都要写"
    ),
    "`min` is more than `max`": "`min` 大于 `max`",
    "a single pack, or the minimum, is more than `max`": "一箱或起订量超过了 `max`",
    **OF_TEXTS,
    **OF_VALUES,
    **OF_CASES,
    **OF_EDITS,
    **OF_PLAYS,
    **OF_CONNECTORS,
    **PHRASES,
    # how YAML is read
    'a second ":" in this value; put the value in quotes, or mend the indent': (
        "这个值里又有一个“:”；给值加引号，或改正缩进"
    ),
    'a space is missing after this "{sign}"': "这个“{sign}”后面少一个空格",
    "a tab cannot stand here; use spaces": "这里不能用制表符，请用空格",
    "alias {name} stands inside what it names": "别名 {name} 出现在它自己所指的内容里",
    "alias {name} names no anchor above it": "别名 {name} 上面没有对应的锚点",
    "the indent does not fit the lines above": "缩进与上面的行对不上",
    "this bracket is not closed": "这个括号没有闭合",
    "this bracket is not closed; a `#` begins a comment, so a text with one needs quotes": (
        "这个括号没有闭合；`#` 之后是注释，含 # 的文字要加引号"
    ),
    "this quote is not closed": "这个引号没有闭合",
    "a character that text can't hold: {code}": "文字里不能有的字符：{code}",
    "{key} is written twice in this mapping": "{key} 在同一处写了两次",
    "a curly quote, {sign}; write straight ones": "这是弯引号 {sign}，请用直引号",
    "a space that YAML takes for text ({code}); write an ordinary space": (
        "这个空格（{code}）会被当成文字，请用普通空格"
    ),
    "an invisible character ({code}); delete it": "看不见的字符（{code}），请删掉",
    "full-width {sign} where YAML needs {half} (a half-width sign and a space)": (
        "这里是全角的 {sign}，要写成 {half}（半角符号加空格）"
    ),
    "full-width {sign} where a half-width {half} is needed": "这里是全角的 {sign}，要写半角的 {half}",
    "the file is empty": "文件是空的",
    "nothing is written in it": "这里面什么也没写",
    # waits, repeats, events about the business
    "{name} is not awaited here; `on` is about what `any` waits for": (
        "这里没有等待 {name}；`on` 说的是 `any` 里等待的事件"
    ),
    "{name} is not awaited here": "这里没有等待 {name}",
    "{value} is not a day: no calendar has it": "{value} 不是日子：历书上没有这一天",
    "{value} is not a name of one's own: every calendar has this festival": (
        "{value} 不能作自己的日子的名字：历书上已有这个节日"
    ),
    "{value} is not a name for a day: one word, like 店庆": (
        "{value} 不能作日子的名字：要是一个词，像 店庆，不带空格，最多 30 个字"
    ),
    "{value} is not a day; write it like 05-20 for every year, or 2027-01-16 for one": (
        "{value} 不是日子；每年都有的写 05-20，只有一年的写 2027-01-16"
    ),
    "{value} is not a schedule: no year has a {day}": "{value} 不是排程：没有哪一年有 {day} 这一天",
    "{name} is not a field that a journey can set": "旅程不能设置 {name} 这个字段",
    "there is a lot only in a journey `for_each: near_expiry_lot`, or begun by an event about one": (
        "只有写了 `for_each: near_expiry_lot`、或由批次的事件开始的旅程才有 lot"
    ),
    "there is a stream only in a journey `for_each: near_expiry_lot`, or begun by an event about one": (
        "只有写了 `for_each: near_expiry_lot`、或由直播的事件开始的旅程才有 stream"
    ),
    "unknown verb {name}; write one of {verbs}": "没有 {name} 这个动作；请写其中一个：{verbs}",
    "this loosens the policy, by which {hours} is quiet; a journey may only be quiet for longer": (
        "这比全局政策（{hours} 不打扰）更宽；旅程只能更严"
    ),
    "it is quiet all week, so that nothing could ever be sent": "整周都不打扰，什么也发不出去",
    "{event} is about the business, and happens to no customer; name it in the trigger or in `exit`": (
        "{event} 是商家的事件，不属于任何客户；只能写在 trigger 或 `exit` 里"
    ),
    "{event} is about the business, and happens to no customer; say who it is for: `for_each: segment:NAME`": (
        "{event} 是商家的事件，不属于任何客户；请写明对谁：`for_each: segment:NAME`"
    ),
    "{event} happens to a customer, who it is for; take `for_each` away": (
        "{event} 是客户的事件，就是对这位客户；去掉 `for_each`"
    ),
    "more than {number} steps in one journey, those repeated counted each time": (
        "一个旅程超过 {number} 步（重复的步骤每次都计）"
    ),
    "a round but the first begins when this time has come, and waits for nothing; put a wait in front of it,"
    " like `wait: 1d`": "除第一轮外，每轮开始时正是这个时刻，不会再等；在前面先等一段时间，例如 `wait: 1d`",
    "the file must be a mapping: lines of `key: value`": "文件要由一行行的 `键: 值` 组成",
    "`%` directives are not used here": "这里不用 `%` 指令",
    "a key must be text": "键必须是文字",
    "a key must be text; a text with `{{ }}` in it needs quotes": "键必须是文字；含 `{{ }}` 的文字要加引号",
    "merging with `<<` is not used here; write the keys out": "这里不用 `<<` 合并，请把键写全",
    "one file holds one document; take the `---` away": "一个文件只有一份内容，请去掉 `---`",
    "tags like {tag} are not used here": "这里不用 {tag} 这样的标签",
    "more than {count} steps in one journey": "一个旅程不能超过 {count} 步",
    # publishing
    "version {number} was published elsewhere, and this file hasn't seen it; bring it in with `aftershow pull`, or"
    " publish over it with --force": (
        "版本 {number} 是在别处发布的，这个文件里没有；用 `aftershow pull` 取回，或用 --force 覆盖"
    ),
    "this text was changed elsewhere, and this file hasn't seen it; bring it in with `aftershow pull`, or publish"
    " over it with --force": ("这段文案在别处改过，这个文件里没有；用 `aftershow pull` 取回，或用 --force 覆盖"),
    "this file was changed elsewhere, and what is here hasn't seen it; bring it in with `aftershow pull`, or publish"
    " over it with --force": ("这个文件在别处改过并发布，这里没有；用 `aftershow pull` 取回，或用 --force 覆盖"),
    # files
    "cannot be read: {reason}": "读不了：{reason}",
    "it is a directory": "它是一个目录",
    "it is a link that leads out of its folder": "它是指向目录之外的链接",
    "it is not an ordinary file": "它不是普通文件",
    "there is no policy": "没有策略文件",
    "no policy is published; publish it first, with all that is beside it: aftershow publish": (
        "还没有发布过策略；请先连同其他文件一起发布：aftershow publish"
    ),
    "this text is empty": "这个文案是空的",
    # the grammar
    "nothing is written for {key}": "{key} 后面什么也没写",
    "unknown key {key}": "没有 {key} 这个键",
    "unknown key {key}; it is a step's: mind the indent": "这里没有 {key} 这个键；它属于步骤，请检查缩进",
    "{key} is missing": "缺少 {key}",
    "unknown channel {name}": "没有 {name} 这个渠道",
    "must be a list or `{field: …}`": "必须是列表或 `{field: …}`",
    "must be a list, in `[ ]` or with a `-` before each item": "必须是列表：写在 `[ ]` 里，或每项前加 `-`",
    "must be a mapping of keys and values": "必须由键和值组成",
    "must be a whole number": "必须是整数",
    "must be a number": "必须是数字",
    "must be text, not a list": "必须是文字，不能是列表",
    "must be text; put it in quotes": "必须是文字，请加引号",
    "must be true or false": "必须是 true 或 false",
    "must be a value or `{field: …}`, not a list or nothing": "必须是一个值或 `{field: …}`，不能是列表，也不能空着",
    "{value} is not possible here": "这里不能写 {value}",
    "{value} is not possible; it must be {rule}": "{value} 不行；必须是 {rule}",
    "{value} is not a field; write `{field: …}`, or a time of day as `wait: until 10:00`": (
        "{value} 不是字段；字段写成 `{field: …}`，钟点写成 `wait: until 10:00`"
    ),
    "{value} is not a name: a letter first, then letters, digits, `_` and `-`": (
        "{value} 不能作名字：先是字母，后面是字母、数字、`_` 和 `-`"
    ),
    "{value} is not {what}; write it like {example}": "{value} 不是{what}；请写成 {example}",
    "{value} is not {what}; write {example}": "{value} 不是{what}；请写 {example}",
    "{value} is longer than 100 years": "{value} 超过 100 年",
    "not an amount of money; write it like {example}": "不是金额；请写成 {example}",
    "not a percentage; write it like {example}": "不是百分比；请写成 {example}",
    "a step is a mapping with one verb: {verbs}": "一步由键和值组成，其中有且只有一个动作：{verbs}",
    "this step has no verb; write one of {verbs}": "这一步没有动作；请写其中一个：{verbs}",
    "unknown verb {name}": "没有 {name} 这个动作",
    "one step, two verbs: {verbs}; make it two steps": "一步里有两个动作：{verbs}；请分成两步",
    "{what} has exactly one of {keys}": "{what}里要有且只有一个：{keys}",
    "a measure": "度量",
    "{what} has exactly one of {keys}; here are {present}": "{what}里要有且只有一个：{keys}；这里有 {present}",
    "{what} has exactly one of {keys}; here are {present}; join conditions with `all`": (
        "{what}里要有且只有一个：{keys}；这里有 {present}；多个条件用 `all` 连起来"
    ),
    "nothing is compared; add one of {keys}": "没有写比较；请加上其中一个：{keys}",
    "this list is empty": "这个列表是空的",
    "`{verb}` needs an `id`": "`{verb}` 要有 `id`",
    # names that lead nowhere
    "id {name} is used twice, first in line {line}": "id {name} 用了两次，第一次在第 {line} 行",
    "unknown template {name}": "没有 {name} 这个模板",
    "template {name} has no text for {channel}": "模板 {name} 没有 {channel} 的文案",
    "unknown coupon campaign {name}": "没有 {name} 这个优惠券",
    "unknown segment {name}": "没有 {name} 这个人群",
    "unknown field {name}": "没有 {name} 这个字段",
    "{name} names no field; write it like {example}": "{name} 没有指明字段；请写成 {example}",
    "a {root} has no field {name}": "{root} 没有 {name} 这个字段",
    "{event} has no field {name}": "{event} 没有 {name} 这个字段",
    "the items of {list} have no field {name}": "{list} 的各项没有 {name} 这个字段",
    "the items of {list} are not known to have a field {name}": "不知道 {list} 的各项有 {name} 这个字段",
    "they have {names}": "有 {names}",
    "{name} is no list of items": "{name} 不是由多项组成的列表",
    "{name} is": "{name} 才是",
    "there is an item only inside `some`, `every` and measures of lists": (
        "只有在 `some`、`every` 和列表的度量里才有 item"
    ),
    "`within` goes with events, not with the items of a list": "`within` 用于事件，不用于列表的各项",
    "`{function}` is of a field of the {root}; write it like {example}": (
        "`{function}` 要用 {root} 的字段，写成 {example} 这样"
    ),
    "{given} is {amount} here; write an amount of money like {example}": (
        "这里的 {given} 是 {amount}；金额要写成 {example} 这样"
    ),
    "unknown event {name}": "没有 {name} 这个事件",
    "{name} is not known here: {reason}": "这里没有 {name}：{reason}",
    "no step before this gives a coupon": "前面没有发券的步骤",
    "there is no event to look at here; what began the journey is `trigger.…`": (
        "这里没有正在看的事件；触发旅程的事件是 `trigger.…`"
    ),
    "nothing has begun a journey here; the event being looked at is `event.…`": (
        "这里还没有触发旅程；正在看的事件是 `event.…`"
    ),
    "there is a {root} only in a journey `for_each: near_expiry_lot`": (
        "只有 `for_each: near_expiry_lot` 的旅程才有 {root}"
    ),
    "{name} is no list of items; {items} is": "{name} 不是由各项组成的列表；{items} 才是",
    "the items of {list} are not known to have a field {name}; they have {fields}": (
        "不知道 {list} 的每一项有 {name} 这个字段；有的是 {fields}"
    ),
    "unknown step {name}": "没有 {name} 这一步",
    "step {name} can never be {receipt}: it is not {what}": "步骤 {name} 不会有 {receipt}：它不是{what}",
    "a send": "发送",
    "a step with a coupon": "带优惠券的步骤",
    "step {name} is not before this one, on any way to it": "不论怎么走，步骤 {name} 都不在这一步之前",
    "the weights sum to {sum}, not to 100": "权重加起来是 {sum}，不是 100",
    "variant {name} is named twice": "分组 {name} 写了两次",
    "this step is never reached: the journey has stopped before it": "永远走不到这一步：旅程在它之前已经结束",
    "`per` must begin with customer; everybody enters for themselves": "`per` 必须以 customer 开头：每位客户各自进入",
    "journey {name} in a file named {file}": "旅程 {name} 写在名为 {file} 的文件里，两者要一致",
    'the {what} "{entry}" is gone from here, but {user} refers to it and is live or still has customers in it': (
        "{what}“{entry}”没有了，但 {user} 还在用它"
    ),
    "unknown festival {name}": "没有 {name} 这个节日",
    "unknown timezone {name}": "没有 {name} 这个时区",
    "nothing provides {name}, which the {channel} text of {template} uses": (
        "没有什么提供 {name}，而 {template} 的 {channel} 文案要用它"
    ),
    "nothing provides {name}": "没有什么提供 {name}",
    "unknown webhook {name}": "没有 {name} 这个回调",
    "unknown webhook {name}; its address and secret go into AFTERSHOW_WEBHOOKS": (
        "没有 {name} 这个回调；它的地址和密钥写在 AFTERSHOW_WEBHOOKS 里"
    ),
    "`minus` and `plus` exclude each other": "`minus` 和 `plus` 只能写一个",
    "`without_coupon` says what to do without `coupon`, but there is none": (
        "`without_coupon` 说的是发不出 `coupon` 时怎么办，但这里没有 `coupon`"
    ),
    "{kind} carries no account, so there is no `per` for it": "{kind} 没有账号之分，不能写 `per`",
    "{kind} is anonymous, so there is no `each` for it": "{kind} 是匿名的，不能写 `each`",
    "{kind} is in `joins` and in `asks`": "{kind} 既在 `joins` 又在 `asks` 里，只能留一处",
    "{kind} is anonymous, so it can't join or ask": "{kind} 是匿名的，不能用来合并或询问",
    "a coupon has exactly one of `amount_off` and `percent_off`": "一张券要有且只有一个：`amount_off` 或 `percent_off`",
    "`ceiling` goes with `percent_off` only": "`ceiling` 只能与 `percent_off` 同用",
    "`products` chooses by itself; `skus` and `categories` name others": (
        "`products` 自己定出商品；`skus` 和 `categories` 逐一写明，不能与它同用"
    ),
    "`budget.money` with `percent_off` needs a `ceiling`, the most that one can cost": (
        "有 `percent_off` 的 `budget.money` 还要写 `ceiling`：一张最多减多少"
    ),
    "unknown measure {name}": "没有 {name} 这个度量",
    "unknown measure {name}; measures are named in _tags.yaml": "没有 {name} 这个度量；度量在 _tags.yaml 里命名",
    "a measure can't ask for a segment, which may ask for measures itself": ("度量里不能用人群，因为人群里可以用度量"),
    "measures refer to each other in a circle: {names}": "度量互相引用，成了一个圈：{names}",
    "a tag can't need itself: {names}": "标签不能以自己为条件：{names}",
    "the tag {tag} is kept by its rule in _tags.yaml; a step can't set or remove it": (
        "标签 {tag} 由 _tags.yaml 里的规则维护，步骤不能设置或去掉它"
    ),
    "{value} is not a word of up to 40 characters, no space around it": (
        "{value} 不能当词：最多 40 个字，前后不留空格"
    ),
    "the word is in {before} already; it can say one thing only": "这个词在 {before} 里已经有了，一个词只能是一个意思",
    "{value} is not a name of up to 100 characters, no space around it": (
        "{value} 不能作名字：最多 100 个字，前后没有空格"
    ),
    "{value} is not a name: a letter first, then letters, digits and `_`": (
        "{value} 不能作名字：先是字母，后面是字母、数字和 `_`"
    ),
    "is the same name as {before}: spaces and case don't count": "和 {before} 是同一个名字：空格和大小写不算",
    "can't be read as a JMESPath expression: {detail}": "不是读得懂的 JMESPath 表达式：{detail}",
    "{value} is not a kind of identifier, like `phone` or `openid:mini`": (
        "{value} 不是身份的种类，要写成 `phone`、`openid:mini` 这样"
    ),
    "segments refer to each other in a circle: {names}": "人群互相引用，成了一个圈：{names}",
    "`until` is before `from`, so that nobody could ever enter": "`until` 早于 `from`，谁也进不来",
    "it ends when it begins; leave `between` out if any hour will do": "开始即结束；什么钟点都行就不写 `between`",
    "quiet hours that end when they begin; write none if there are none": "免打扰时段开始即结束；没有就写 none",
    "this loosens the policy, by which it is quiet from {start} to {end}; a journey may only be quiet for longer": (
        "这比策略宽松：策略规定 {start} 到 {end} 不打扰，旅程只能更长"
    ),
    "this loosens the policy, which has {cap}; a journey may only allow less": (
        "这比策略宽松：策略是 {cap}，旅程只能更少"
    ),
    "this wait ends {days} days after the entry or later, when the goal no longer counts": (
        "这次等待在进入 {days} 天之后才结束，那时目标已不再计算"
    ),
    "nobody has described the event {name}": "事件 {name} 没有人描述过",
    "{event} is not known to have a field {name}; if none comes, the comparison is false": (
        "不知道 {event} 有 {name} 这个字段；如果没有，比较不成立"
    ),
    "nobody has described the field {name} of a customer, and no journey sets it": (
        "没有人描述过客户的字段 {name}，也没有旅程设置它"
    ),
    "nobody has described the field {name} of a customer, and no journey sets it; if none comes, the comparison is"
    " false": "没有人描述过客户的字段 {name}，也没有旅程设置它；如果没有，比较不成立",
    "nobody gives the tag {name}": "没有谁打 {name} 这个标签",
    "nobody gives the tag {name}; no step does, and no rule of _tags.yaml": (
        "没有谁打 {name} 这个标签：既没有步骤，也没有 _tags.yaml 里的规则"
    ),
    "{day} is over, and {then}": "{day} 已经过了，{then}",
    "nobody enters any more": "谁也不会再进来",
    "a coupon would have run out before it is given": "券还没发出就已过期",
    "nothing in it waits, so that all rounds are done at once; put a wait in it, like {example}": (
        "里面没有等待，几轮会一下子做完；请加上等待，例如 {example}"
    ),
    "a customer gets {limit} of {campaign}, and rounds come faster: from round {number} on it is refused; loosen its"
    " `per_customer`, or give it before the `repeat`": (
        "{campaign} 每位客户限领 {limit}，而各轮来得更快：第 {number} 轮起发不出券；请放宽它的 `per_customer`，"
        "或在 `repeat` 之前发"
    ),
    "compared with the text {name}; the field is written {field}": "这是在和文字 {name} 比较；字段要写成 {field}",
    # texts
    "nobody has described the field {name} of a customer; if there is none, nothing is written; write {example}": (
        "没有人描述过客户的字段 {name}；如果没有，那里什么也不写；请写 {example}"
    ),
    "not a template: {problem}": "不是模板：{problem}",
    "it can't be filled in: {problem}": "填不出来：{problem}",
    "a marketing sms with {lacks}": "营销短信{lacks}",
    "no signature in front, like {sign}": "开头没有签名，例如 {sign}",
    "no way to refuse, like {words}": "没有退订方式，例如 {words}",
    "{first} and no way to refuse, like {words}": "{first}，也没有退订方式，例如 {words}",
    "a loop goes through a list, and this is {kind}": "循环要走一个列表，而这是{kind}",
    "{name} is a list; its items have fields: {example}, or a loop {loop}": (
        "{name} 是列表，字段在每一项里：{example}，或用循环 {loop}"
    ),
    "{name} is {kind}, which has no field {field}": "{name} 是{kind}，没有 {field} 这个字段",
    "there can be no {name}, and then nothing is written for them; write {example}": (
        "{name} 可能一样也没有，那里就什么也不写；请写 {example}"
    ),
    "{name} takes products and how many to tell: {example}": "{name} 要给商品，再写几样：{example}",
    "{name} takes a list of products, each with its `sku`: {example}": "{name} 要给商品的列表，每样有 `sku`：{example}",
    "{name} takes how many to tell, as a number: {example}": "{name} 要用数字写几样：{example}",
    "{name} tells from 1 to {number} products": "{name} 只能写 1 到 {number} 样",
    'the filter "{name}" {problem}': "过滤器 {name} {problem}",
    "takes an amount in fen, like trigger.total": "要用在以分计的金额上，例如 trigger.total",
    "takes an instant, like stream.starts_at or coupon.expires_at": (
        "要用在时刻上，例如 stream.starts_at 或 coupon.expires_at"
    ),
    "takes an instant, and nobody has described this field as one": "要用在时刻上，而这个字段没有描述成时刻",
    "takes a text, not a list or a mapping": "要用在文字上，不能用在列表或整个对象上",
    "takes a number": "要用在数字上",
    "takes a list": "要用在列表上",
    "counts a list or the characters of a text": "数的是列表的项数或文字的字数",
    "asks for {field}, which the items don't have; they have {fields}": "要用 {field}，而每一项里没有；有的是 {fields}",
    "needs to know which field: {example}": "要说明用哪个字段：{example}",
    "adds numbers up: {example}": "是把数字加起来：{example}",
    "adds up what can be missing; leave those out first: {example}": "加的数可能没有；请先去掉没有的：{example}",
    '"{sign}" works on numbers, and {name} is {kind}; texts are joined by "~"': (
        "“{sign}”用于数字，而 {name} 是{kind}；连接文字用 ~"
    ),
    "{name} can be missing, and then it can't be {use}; write ({path} or 0), or put it into {guard}": (
        "{name} 可能没有，那时{use}不了；请写 ({path} or 0)，或放进 {guard}"
    ),
    "compared": "比较",
    "reckoned with": "计算",
    "{name} is a list; write its items: {example}": "{name} 是列表，请写出它的每一项：{example}",
    "{name} has fields and is no text itself; write one of them: {examples}": (
        "{name} 里有多个字段，本身不是文字；请写其中一个：{examples}"
    ),
    "{name} is an amount in fen, 5900 for 59元; write {example}": "{name} 以分计，59元是 5900；请写 {example}",
    "{name} is written like 2026-03-02 20:00:00+08:00; write {example}": (
        "{name} 会写成 2026-03-02 20:00:00+08:00；请写 {example}"
    ),
    "{name} can be missing, and then nothing is written for it; write {example} around it": (
        "{name} 可能没有，那时什么也不写；请在它外面写 {example}"
    ),
    "{name} can be missing, and then nothing is written for it; write {example}": (
        "{name} 可能没有，那时什么也不写；请写 {example}"
    ),
    "this takes off {off}, and {threshold} is all that must be spent": "减 {off}，而满 {threshold} 就能用",
    # what is live still needs
    "the {channel} text of {template} no longer fits step {step} of {journey}, version {version}, which is live or "
    "still has customers in it: {reason}": (
        "{template} 的 {channel} 文案不再适合 {journey} 第 {version} 版的步骤 {step}，"
        "它仍在生效或还有在途客户：{reason}"
    ),
    "it is gone": "它不见了",
    "nothing there provides {names}": "那里没有什么提供 {names}",
    # phrases
    "a duration": "时长",
    "a wait": "等待",
    "a cap": "发送上限",
    "a limit": "领取上限",
    "a day": "日期",
}
"""What people are told about specs and texts, in English and in Chinese."""

in_chinese = translator(SENTENCES)
"""Puts a diagnostic's sentence into Chinese."""
