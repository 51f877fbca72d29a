"""Parts of the catalogue of sentences in Chinese: texts, single values, cases of journey tests, edits, and phrases."""

from collections.abc import Mapping

OF_TEXTS: Mapping[str, str] = {
    # email and mini programs
    "an email begins with its subject, between lines of ---": "邮件要以主题开头，写在两行 --- 之间",
    "the head has no subject: …": "开头没有写 subject: …",
    "the head of an email is its subject: … alone": "邮件的开头只写 subject: …",
    "below the head nothing is written": "开头下面没有写正文",
    "a mini program sends subscription messages alone; write subscribe: …": ("小程序只能发订阅消息；请写 subscribe: …"),
    "page: names the page that opens; a mini program opens no other": "用 page: 写打开哪一页；小程序不能打开别的小程序",
    # what SMS providers have approved
    "says neither aliyun: nor tencent:, so that nobody has approved it": (
        "aliyun: 和 tencent: 都没写，等于没有哪家审核通过"
    ),
    "the signature isn't part of an approved text; it stands in sms.j2 alone": ("签名不属于模板正文，只写在 sms.j2 里"),
    "variables: doesn't say what {name} is in our text": "variables: 里没写 {name} 对应我们文案里的什么",
    "the approved text has no {name}": "模板正文里没有 {name}",
    "two variables stand side by side; one of them can hold both": "两个变量紧挨着；合成一个就行",
    "there is no sms.j2 beside it": "旁边没有 sms.j2",
    "an approved text is sent with a signature: {sign} must stand in front": ("模板短信要带签名：最前面要写 {sign}"),
    "an approved text is always the same but for its variables, without {tags}": (
        "模板短信除变量外每次都一样，不能有 {tags}"
    ),
    "{value} is none of the variables of the approved text": "{value} 不是模板里的变量",
    "the approved text has {there} where this has {here}": "模板正文这里是 {there}，这里写的却是 {here}",
    "{value} is not a code of Aliyun's, like SMS_123456789": "{value} 不是阿里云的模板编号，要像 SMS_123456789",
    "{value} is not a variable: a letter first, then letters, digits and `_`": (
        "{value} 不是变量名：先是字母，再是字母、数字和 `_`"
    ),
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
    "{value} is no text, and {name} is always one; put it in quotes": (
        "{value} 不是文字，而 {name} 总是文字；请加上引号"
    ),
    "{value} is no day or time, and {name} is always one; write it like {example}": (
        "{value} 不是日期或时刻，而 {name} 总是；请写成 {example}"
    ),
    "{value} is no day, and {name} is always one; write it like {example}": (
        "{value} 不是日期，而 {name} 总是日期；请写成 {example}"
    ),
    "{value} is no birthday, and {name} is always one; write it like {example}": (
        "{value} 不是生日，而 {name} 总是生日；请写成 {example}"
    ),
    "{value} is no day of the lunar calendar, and {name} is always one; write it like {example}": (
        "{value} 不是农历日子，而 {name} 总是；请写成 {example}"
    ),
    "{value} is neither true nor false, and {name} is always one; write it like {example}": (
        "{value} 不是 true 或 false，而 {name} 总是其中之一；请写成 {example}"
    ),
    "{value} is no day or time; write it like {example}": "{value} 不是日期或时刻；请写成 {example}",
    "{name} is never like that; it goes from {least} to {most}": "{name} 不会是这样；它从 {least} 到 {most}",
    "{name} is never like that; it is {least} or more": "{name} 不会是这样；它总是 {least} 或更大",
    "nothing is more or less than {value}; write a number, an amount, a day or a time, like 3 or 59元": (
        "没有什么比 {value} 多或少；请写数、金额、日期或时刻，如 3 或 59元"
    ),
    "nothing is at once {low} and {high}": "没有什么能同时{low}、又{high}",
    "{name} has parts, and is no single value; name one of them": (
        "{name} 由几部分组成，不是一个值；请写明其中哪一部分"
    ),
    "{name} has parts, and is no single value; write {field}": "{name} 由几部分组成，不是一个值；请写 {field}",
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
    "these are tests of {other}, not of {name}; write `journey: {again}`": (
        "这是 {other} 的测试，不是 {name} 的；请写 `journey: {again}`"
    ),
    "{case}: tests kept with a journey can't publish another version; they have no file beside them": (
        "{case}：和旅程放在一起的测试不能发布别的版本，旁边没有那个文件"
    ),
    "variants: the journey has no split {name} with a variant {variant}": (
        "variants：旅程里没有叫 {name} 的分流，或它没有 {variant} 这一组"
    ),
    "no journey {name} is published": "没有发布过 {name} 这个旅程",
    "{name} is stopped; name the path of its file to simulate it as a draft": (
        "{name} 已停下；写它的文件路径，就按草稿推演"
    ),
}
"""What can be wrong with a case of a journey test, or with what is to be played."""

OF_EDITS: Mapping[str, str] = {
    "this can't be written here without touching what stands around it; edit the text": (
        "在这里改会动到周围的内容，请直接改文字"
    ),
    "this is an alias of what is written elsewhere; edit it there": "这是别处内容的别名，请到那里去改",
    "the text can't be read as it stands; mend it by hand first": "这份文字现在读不懂，请先手工改好",
    "the whole text isn't edited at once; name a place in it, like /steps/2": (
        "不能一次改整份文字，请写明位置，如 /steps/2"
    ),
    "a place is written like /steps/2, not {place}": "位置要写成 /steps/2 这样，不是 {place}",
    "{place} is no place in a list; write a number at its end": "{place} 不是列表里的位置，末尾要写序号",
    "there is nothing at {place}": "{place} 处什么也没有",
    "there is nothing at {place}; the list has {n} items": "{place} 处什么也没有，这个列表有 {n} 项",
    "there is nothing at {place} that could have keys": "{place} 处没有可以加键的内容",
    "there is no list at {place}": "{place} 处没有列表",
    "nothing would be left; remove what it stands in": "去掉就什么也不剩了，请去掉它所在的那一项",
    "nothing can't be written; remove the key": "不能写成空，请去掉这个键",
    "only the items of lists can be moved": "只有列表里的项可以移动",
    "a step can't be moved into itself": "步骤不能移到它自己里面",
    "only steps have an id": "只有步骤有 id",
}
"""Why an edit of a text can't be made."""

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
    "below {number}": "小于 {number}",
    "after {number}": "晚于 {number}",
    "before {number}": "早于 {number}",
    "{number} or less": "{number} 或更小",
    "{number} or more": "{number} 或更大",
    "a number of shows": "直播场数",
    "none at all": "什么也没有",
}
"""What stands in the places of sentences."""
