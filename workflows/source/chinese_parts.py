"""Parts of the catalogue of sentences in Chinese: texts, single values, cases of journey tests, and phrases."""

from collections.abc import Mapping

OF_TEXTS: Mapping[str, str] = {
    # what is no template
    "there is no filter {name}": "没有 {name} 这个过滤器",
    "there is no test {name}": "没有 {name} 这种判断",
    "there is no tag {name}": "没有 {name} 这种写法",
    "a text in quotes is not closed": "引号里的文字没有用引号结束",
    "{sign} means nothing here; write {half}": "{sign} 在这里没有意思；请写 {half}",
    "{sign} means nothing here": "{sign} 在这里没有意思",
    "{tag} is not closed by {end}": "{tag} 没有用 {end} 结束",
    "{tag} stands where {inner} is to be closed by {end}": "这里写了 {tag}，可 {inner} 还没有用 {end} 结束",
    "{tag} has nothing to close": "{tag} 没有可以结束的东西",
    '"=" has no place here; compare with "=="': "这里不能用“=”；比较要写“==”",
    "{word} has no place here": "这里不能写 {word}",
    '"{{" is not closed by "}}", or "{%" by "%}"': "“{{”没有用“}}”结束，或“{%”没有用“%}”结束",
    'between "{{" and "}}" something is missing': "“{{”和“}}”之间少了东西",
    'between "{%" and "%}" something is missing': "“{%”和“%}”之间少了东西",
    '"{#" is not closed by "#}"': "“{#”没有用“#}”结束",
    "not a template: {why}": "不是能用的文案：{why}",
    # what can't be filled in
    "other texts can't be included here": "这里不能引用别的文案",
    "it divides by zero": "除数是 0",
    "it takes a number for a list": "把数当成了列表",
    "line {number}: {why}": "第 {number} 行：{why}",
    "'{name}' is undefined": "没有 {name}",
    "it is a template of more than {number} characters": "文案的源文件超过 {number} 个字",
    "it is longer than {number} characters": "填出来超过 {number} 个字",
    "it makes a text of more than {number} characters": "填出来的一段超过 {number} 个字",
    "it makes a character that no text can have": "填出来的字里有不能用的字符",
    "it goes on for more than {number} units of work": "要填的东西太多（超过 {number} 步）",
    "it goes on for more than {number} seconds": "填了 {number} 秒还没填完",
    "it writes a list or a mapping; write its items": "写出来的是列表或一组字段；请写出其中的每一项",
    "it writes what must be called, like preferences()": "要加括号才能用，例如 preferences()",
    "it writes what is no text, number or time": "写出来的不是文字、数或时刻",
    "it writes what is no number": "写出来的不是数",
    "link() takes an address that begins with https:// or http://": "link() 里要写 https:// 或 http:// 开头的网址",
    '"{sign}" works on plain numbers only; texts are joined by "~"': "“{sign}”只能用在数上；连接文字用“~”",
    '"when" takes an instant, like stream.starts_at': "when 要用在时刻上，例如 stream.starts_at",
}

OF_VALUES: Mapping[str, str] = {
    "{value} is not possible here; write {example}": "这里不能写 {value}；请写 {example}",
    "{value} is not known; write near_expiry_lot, birthday, `birthday -3d` or segment:NAME": (
        "不认识 {value}；请写 near_expiry_lot、birthday、`birthday -3d` 或 segment:人群名"
    ),
    "{value} is no number, and {name} is always one; write it like {example}": (
        "{value} 不是数，而 {name} 总是数；请写成 {example}"
    ),
    "{name} is never {value}": "{name} 从来不会是 {value}",
    "a percentage": "百分比",
    "how long a coupon holds": "券的有效期",
    "a wait of days or weeks to a time of day": "等几天或几周、到某个钟点",
    "`22:00-08:00`, a weekday like `sunday`, a list of these, or none": (
        "`22:00-08:00`、星期（如 `sunday`）、它们的列表，或 none"
    ),
    "not a time; write it like {example}": "不是时间；请写成 {example}",
    "a line says exactly one of {names}": "一行恰好说一件事，是其中之一：{names}",
    "a line says when, with `at`; only under `never` it may be left out": (
        "每一行要用 `at` 写明时间；只有 `never` 下面可以不写"
    ),
    "say which journey is tested: `journey: NAME` or `spec: PATH`": (
        "请写明测的是哪个旅程：`journey: 名字` 或 `spec: 路径`"
    ),
    "there is no customer {name} in this case": "这个案例里没有客户 {name}",
}

OF_CASES: Mapping[str, str] = {
    "{name} is stuck at {step}: {why}": "{name} 停在步骤 {step}：程序出错（{why}）",
    "variants: the journey has no split {name} with a variant {variant}": (
        "variants：旅程里没有叫 {name} 的分流，或它没有 {variant} 这一组"
    ),
    "no journey {name} is published": "没有发布过 {name} 这个旅程",
    "{name} is stopped; name the path of its file to simulate it as a draft": (
        "{name} 已停下；写它的文件路径，就按草稿推演"
    ),
}
"""What can be wrong with a case of a journey test, or with what is to be played."""

PHRASES: Mapping[str, str] = {
    "a schedule": "定时",
    "an amount of money": "金额",
    "an answer to who may enter again": "再次进入的规则",
    "quiet hours": "免打扰时段",
    "a condition": "条件",
    "a trigger": "触发",
    "a text": "文字",
    "a number": "数字",
    "an instant": "时刻",
    "a list": "列表",
    "no single value": "整个对象",
    "true or false": "真假值",
    "none": "没有",
    "above {number}": "大于 {number}",
    "{number} or less": "{number} 或更小",
    "{number} or more": "{number} 或更大",
    "a number of shows": "直播场数",
    "none at all": "什么也没有",
}
"""What stands in the places of sentences."""
