"""Sentences of the command line, by the English ones with their places in braces."""

from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    # who is one person
    "forget customer {number} for good?": "彻底删除客户 {number} 的资料？",
    "customer {number} is forgotten": "客户 {number} 的资料已删除",
    "a person decides: aftershow customer decide NUMBER merge, or apart": (
        "由人决定：aftershow customer decide NUMBER merge 或 apart"
    ),
    "they are one customer already": "他们已经是同一位客户",
    "these identifiers are not all this customer's": "这些标识不全是这位客户的",
    "these identifiers came from several customers; split them one after the other": (
        "这些标识来自几位客户，请逐一拆开"
    ),
    "these are all the identifiers that the customer has": "这位客户只有这些标识",
    "there is no open conflict {number}; see aftershow customer conflicts": (
        "没有待定的冲突 {number}，见 aftershow customer conflicts"
    ),
    # connected systems
    "{name}: {variable} is not set where this runs": "{name}：这里没有设置 {variable}",
    "{name}: in order": "{name}：没有问题",
    "{name} gives nothing: {words}": "{name} 取不到数据：{words}",
    "{name} isn't pulled: it pushes to /v1/receivers/{path}": "{name} 不用拉取：它会推送到 /v1/receivers/{path}",
    "nothing here: no `when` holds": "这里不算什么：没有一个 `when` 成立",
    "set aside: {field}: {detail}": "搁置：{field}：{detail}",
    "{field}: {detail}": "{field}：{detail}",
    "{number} rows": "{number} 行",
    "back-fill {number}: {part}, {rows} rows": "补数 {number}：{part}，{rows} 行",
    "back-fill {number} is asked for": "已登记补数 {number}",
    "{events} new events, {known} known, {aside} set aside": "新事件 {events} 个，已有 {known} 个，搁置 {aside} 行",
    "{events} new events, {aside} set aside": "新事件 {events} 个，搁置 {aside} 行",
    "there is no connector {name} in what is published": "已发布的内容里没有连接 {name}",
    # supply
    "there is no supplier {name} in the published terms": "已发布的条款里没有供应商 {name}",
    "{file} needs a column for the product (sku, 货号) and one for the quantity (quantity, 数量)": (
        "{file} 要有商品（sku、货号）和数量（quantity、数量）这两列"
    ),
    "there is no plan {number}": "没有计划 {number}",
    "{file}: {field} {reason}": "{file}：{field} {reason}",
    "plan {number} can't be answered: {status}": "计划 {number} 不能答复：{status}",
    "plan {number}: {status}": "计划 {number}：{status}",
    "{number} products, {days} days": "{number} 个商品，{days} 天",
    "--calendar tells of the days of --demand; give both": "--calendar 说的是 --demand 的日子，两个都要写",
    "--days {days} leaves {left} days to learn from; {least} are needed": (
        "--days {days} 只留下 {left} 天可学，至少要 {least} 天"
    ),
    # forecasts
    "last_week": "上周同日",
    "weekday_quantile": "近八周同日分位数",
    "weekday_smoothing": "按星期平滑",
    "loses: {of}: {ours}, {to} {its}": "不如基准：{of}：{ours}，{to} {its}",
    "columns that are not known the day before, and so not used: {names}": "前一天还不知道的列，没有用：{names}",
    "{file} has no product; it needs a column for each, and a row a day": ("{file} 里没有商品：每个商品一列，每天一行"),
    "{file} has {days} days, fewer than the {rows} of {other}": "{file} 只有 {days} 天，少于 {other} 的 {rows} 天",
    "{file} has no days; it needs a line of names, and a row a day": "{file} 里没有日子：第一行写列名，此后每天一行",
    "{file}, line {line}: {cells} cells, but the first line names {heads}": (
        "{file} 第 {line} 行：有 {cells} 格，第一行却有 {heads} 个列名"
    ),
    "{file}: two columns are called {name}": "{file}：有两列都叫 {name}",
    "{file}, line {line}: {cell} is no day; write it like 2026-03-02": (
        "{file} 第 {line} 行：{cell} 不是日期，请写成 2026-03-02 的样子"
    ),
    "{file}, line {line}: {day} is in line {other} already": "{file} 第 {line} 行：{day} 在第 {other} 行已经有了",
    "{file} goes from {first} to {last}; that is too long": "{file} 从 {first} 到 {last}，太长了",
    "{file}, line {line}, {name}: {cell} is no number of units; nothing known is left empty": (
        "{file} 第 {line} 行 {name}：{cell} 不是数量；不知道的请留空"
    ),
    "--quantiles {text} must be numbers between 0 and 1, like .5,.75,.9": (
        "--quantiles {text} 要写 0 和 1 之间的数，例如 .5,.75,.9"
    ),
    "--test {text} must be a part like 30%, or a number of days": "--test {text} 要写比例，例如 30%，或写天数",
    "--test {text} leaves no day to test": "--test {text} 没有留下可检验的日子",
    "--test {text} leaves {days} days to learn from; {least} are needed": (
        "--test {text} 只留下 {days} 天可学，至少要 {least} 天"
    ),
    # comments
    "a show is reviewed ten minutes after its end": "直播结束十分钟后才有复盘",
    "name one of --show, --product and --week": "请写 --show、--product、--week 中的一个",
    "there is no show {id}": "没有这场直播：{id}",
    "the report is in {file}": "报告在 {file}",
    "{number} corrections written to {file}": "{number} 条更正已写入 {file}",
    "{file} is no CSV in UTF-8: {problem}": "{file} 不是 UTF-8 的 CSV：{problem}",
    '{file} has no column "text"; its first line names its columns': "{file} 没有 text 这一列；第一行要写各列的名字",
    # editing a journey's file
    "edit {number} can't be made, so none was: {why}": "第 {number} 处改动做不了，所以一处也没改：{why}",
    "the edits can't be read: {place}: {why}": "读不懂这些改动：{place}：{why}",
    # tags and segments
    "{number} customers written to {file}": "{number} 位客户已写入 {file}",
    "{one} in the first, {other} in the second, {both} in both": (
        "第一个 {one} 人，第二个 {other} 人，同时在两个里的 {both} 人"
    ),
    "{size} of {all} customers, {ms} ms": "{size} 人，共有客户 {all} 位，用时 {ms} 毫秒",
    "there is no segment {name}": "没有人群 {name}",
    "{number} customers stand elsewhere than before": "{number} 位客户的 RFM 分档有变化",
    "--to is a segment; write it like segment:老客": "--to 要写人群，例如 segment:老客",
    "{number} customers enter {journey}; see aftershow results {same}": (
        "{number} 位客户进入 {journey}；结果见 aftershow results {same}"
    ),
    "this condition takes longer than {seconds} s; narrow it with `within`, or with a tag or field first": (
        "这个条件超过 {seconds} 秒还没算完，查询已取消；请加上 `within`，或先用标签、字段缩小范围"
    ),
    # files, journeys and texts
    "{file} is no directory": "{file} 不是目录",
    "there is no {names}; run this in the project's directory, or name the right path": (
        "没有 {names}；请在项目目录里运行，或写对路径"
    ),
    "there is no file {file}": "没有 {file} 这个文件",
    "{path} has mistakes": "{path} 有错误",
    "{path} has mistakes, or no place for": "{path} 有错误，或没有地方放",
    "there is no recipe {name}": "没有 {name} 这个配方",
    "there is no recipe {name}; `aftershow new --list` lists what there is": (
        "没有 {name} 这个配方；`aftershow new --list` 列出有哪些"
    ),
    "{name} is no name of a journey; write a letter first, then letters, digits, _ and -": (
        "{name} 不能作旅程的名字；先写一个文字，后面是文字、数字、_ 和 -"
    ),
    "{names} is there already; take another name, or move it away": "{names} 已经存在；换个名字，或先把它移走",
    "name the journey and its recipe: aftershow new NAME --from RECIPE; --list lists them": (
        "请写旅程名和配方：aftershow new 名字 --from 配方；--list 列出配方"
    ),
    "no journey {journey} was ever published; `aftershow journeys` lists those that were": (
        "从未发布过 {journey} 这个旅程；`aftershow journeys` 列出发布过的"
    ),
    "nobody ever entered a journey {journey}; aftershow journeys lists those there are": (
        "从未有人进入过 {journey}；aftershow journeys 列出有哪些旅程"
    ),
    "there is no journey {journey}": "没有 {journey} 这个旅程",
    "--running {running} {does} older versions; name the journeys that it is for": (
        "--running {running} {does}旧版本里的客户；请写明是哪些旅程"
    ),
    "ends what runs on": "会结束",
    "moves what runs on": "会移动",
    "name the split: aftershow experiment JOURNEY STEP; or plan one: aftershow experiment plan": (
        "请写明分流：aftershow experiment 旅程 步骤；或先算要多少人：aftershow experiment plan"
    ),
    "{name} must be a percentage; write it like 10%": "{name} 要是百分比，写成 10%",
    "{problem}; nothing was changed": "{problem}；什么也没有改",
    "{again} customers ordered again; a model needs {least}": "只有 {again} 位客户再次下单，拟合至少要 {least} 位",
    "there is no live journey {journey}": "没有在运行的旅程 {journey}",
    "{journey} has no split {step}; it has {known}": "{journey} 没有分流 {step}；有的是 {known}",
    "there is no metric {name}; there are {names}": "没有指标 {name}；有的是 {names}",
    "{name} looks no days ahead": "{name} 不往后看，不能写 --days",
    "days must be from 1 to {most}": "--days 要在 1 到 {most} 之间",
    "the span must have from 1 day to {most}": "时段要有 1 到 {most} 天",
    "{name} isn't counted by {part}; by {parts}": "{name} 不能按 {part} 来看；能按 {parts}",
    "day only": "日、周、月",
    "where is written like journey:NAME, show:ID or campaign:NAME": (
        "--where 写成 journey:旅程、show:直播 或 campaign:券活动"
    ),
    # customers and what would happen
    "there is no such customer": "没有这位客户",
    "customer {customer} isn't in {journey}": "客户 {customer} 不在 {journey} 里",
    "--event-data needs the type of the event; name it with --event": "--event-data 还需要用 --event 写明事件类型",
    '--event-data must be a JSON object, like {"total": 8900}': '--event-data 要是 JSON 对象，像 {"total": 8900}',
    "--event-data is no JSON: {problem}": "--event-data 不是 JSON：{problem}",
    "--from must be before --to": "--from 要早于 --to",
    "{text} is no time; write it like 2026-03-02 or 2026-03-02T19:40": (
        "{text} 不是时间；写成 2026-03-02 或 2026-03-02T19:40"
    ),
    "no {event} is stored for this customer; give one with --event {type} --event-data '{data}'": (
        "这位客户没有 {event} 的记录；用 --event {type} --event-data '{data}' 给一个"
    ),
    # one message to oneself
    "no template {template} is published": "没有发布过模板 {template}",
    "no template {template} is published; publish it first: aftershow publish": (
        "没有发布过模板 {template}；请先发布：aftershow publish"
    ),
    "{template} has no text for {channel}, but for {channels}": "{template} 没有 {channel} 的文案，有 {channels} 的",
    "no step {step} of {journey} sends {template}": "{journey} 的 {step} 不是发送 {template} 的步骤",
    "no step {step} of {journey} sends {template}; those that do are {names}": (
        "{journey} 的 {step} 不是发送 {template} 的步骤；发送它的有 {names}"
    ),
    "--journey and --step go together; they name the step whose coupon is shown": (
        "--journey 和 --step 要一起写，指明用哪一步的券"
    ),
    "--to is not the {kind} that the messages of its customer go to": "--to 不是这位客户收消息用的 {kind}",
    "--to {problem}": "--to {problem}",
    "--value {value} can't be read; write it like coupon.code=A1, with {names}": (
        "--value {value} 看不懂；写成 coupon.code=A1，开头可以是 {names}"
    ),
    "give the text what it needs with --value, like --value coupon.code=A1": (
        "用 --value 给出文案需要的值，像 --value coupon.code=A1"
    ),
    "{status} by {channel}, over {carrier}": "{status}，渠道 {channel}，经 {carrier}",
    "the provider calls it {id}": "服务商的编号是 {id}",
    "the sandbox, which keeps it: aftershow messages shows it": "沙箱，留在本机：aftershow messages 可以看到",
    "unknown whether it was sent: {reason}": "不知道是否送出：{reason}",
    "look at the phone before trying again": "先看看手机收到没有，再重试",
    "it was not sent by {channel}: {reason}": "没有经 {channel} 发出：{reason}",
    "the address has refused messages over this channel; it has to give its consent again": (
        "这个地址拒收过这个渠道的消息，要重新同意才行"
    ),
    "the channel can't carry this to the address now": "这个渠道现在无法送达这个地址",
    "the provider is not answering; try again when it does": "服务商没有应答，等它恢复再试",
    # messages, keys, users, what is stuck
    "look a message up at its provider, then: aftershow settle MESSAGE sent|failed": (
        "到服务商那里查清楚，再：aftershow settle 编号 sent|failed"
    ),
    "message {message} is {status}": "消息 {message} 已登记为 {status}",
    "{problem}; `aftershow messages --unknown --pending` lists what is open": (
        "{problem}；`aftershow messages --unknown --pending` 列出未决的"
    ),
    "none is open": "没有未决的消息",
    "no message yet": "还没有消息",
    "{at} to customer {id} · {journey}, step {step} · {status}": (
        "{at} 发给客户 {id} · {journey}，步骤 {step} · {status}"
    ),
    "no provider was called yet; messages stay in the sandbox until one is configured": (
        "还没有呼叫过服务商；没有配置时消息留在沙箱里"
    ),
    "key {key} is revoked": "密钥 {key} 已作废",
    "there is no key; make one with: aftershow key create": "还没有密钥；创建一个：aftershow key create",
    "no key {key} is in force; `aftershow key list` tells which are": (
        "没有有效的密钥 {key}；`aftershow key list` 列出有效的"
    ),
    "nobody signs in with {login}; `aftershow user list` lists who does": (
        "没有人用 {login} 登录；`aftershow user list` 列出用户"
    ),
    "{name} can't sign in any more": "{name} 不能再登录了",
    "{name} has a new password": "{name} 的密码已更换",
    "{user} · disabled": "{user} · 已停用",
    "nobody is stuck": "没有人卡住",
    "the worker's log has a traceback of each; once it is mended: aftershow retry": (
        "worker 的日志里有每个缺陷的堆栈；修好之后：aftershow retry"
    ),
    "once it is mended: aftershow retry": "修好之后：aftershow retry",
    "{count} try again": "{count} 位重新尝试",
    "{count} notices are told again": "{count} 条通知重新发出",
    "there is no role {role} in Postgres; make it first: CREATE ROLE {name} LOGIN": (
        "Postgres 里没有角色 {role}，先建：CREATE ROLE {name} LOGIN"
    ),
    # the demo
    "runs: {ui}    whole texts: {command}": "运行：{ui}    消息全文：{command}",
    # sheets
    "columns that were not read: {names}": "没有读取的列：{names}",
    "{count} lots {taken}, {known} known already, {wrong} rows wrong": (
        "{count} 批{taken}，{known} 批已有，{wrong} 行有错"
    ),
    "{count} events {taken}, {known} known already, {wrong} rows wrong": (
        "{count} 个事件{taken}，{known} 个已有，{wrong} 行有错"
    ),
    "up to row {row}": "已到第 {row} 行",
    "--map {what} says nothing; write it like --map 实收=total": "--map {what} 没有说明；请写成 --map 实收=total",
    "{title} cannot be {name}; a column of {kind} is one of {names}": "{title} 不能是 {name}；{kind} 的列有 {names}",
    "{file} has no header: a row that heads 手机号 or another identifier, and {names}; or use --map": (
        "{file} 没有表头：要有一行写着手机号或别的标识，以及 {names}；或者用 --map 说明"
    ),
    "is in the future": "是将来的时间",
    "must be an amount in yuan, like 89.90": "必须是以元为单位的金额，如 89.90",
    "must be an amount in yuan, not below 0": "必须是以元为单位的金额，不小于 0",
    "has more than two decimals; an amount is in yuan, like 89.90": "小数超过两位；金额以元为单位，如 89.90",
    "has no time of day that exists; write it like 2026-03-02 19:40": "时刻不存在；请写成 2026-03-02 19:40",
    "customers {one} and {other} are one from now on": "客户 {one} 和 {other} 从此是同一位",
    "{what}: agreed, {at}": "{what}：同意，{at}",
    "{what}: refused, {at}": "{what}：拒绝，{at}",
    "there are several keys {name}: {keys}; give the number of one": "{name} 有几把：{keys}；请写其中一把的编号",
    "customers {one} and {other} stay apart": "客户 {one} 和 {other} 保持分开",
    "{count} customers {taken}, {known} known already, {wrong} rows wrong": (
        "{count} 位客户{taken}，{known} 位没有新内容，{wrong} 行有错"
    ),
    "{file} has no header: a row that heads 手机号, 会员号 or another identifier, and 姓名, 生日 …; or use --map": (
        "{file} 没有表头：要有一行写着手机号、会员号等标识，以及姓名、生日……；或者用 --map 说明"
    ),
    "{number} more lines like these; mend the file and give it again": "另有 {number} 行类似；请改好文件再导入一次",
    "its {kind} is a value that names nobody; leave it empty": "{kind} 填的值不指任何人，请留空",
    "stands in {number} rows and so names nobody; leave it empty where it is not their own": (
        "在 {number} 行里都有，认不出是谁的；不是本人的请留空"
    ),
    "its {kind} does not name this customer ({reason}); see aftershow customer conflicts": (
        "{kind} 不指这位客户（{reason}）；见 aftershow customer conflicts"
    ),
    "the customer stands in row {row}, too; write each on one line": "这位客户在第 {row} 行也有，请每人写一行",
    "is empty, and nothing else names the customer; fill it in": "是空的，也没有别的标识能认出这位客户，请填上",
    "must say 是 or 否, or nothing": "请写“是”或“否”，或者不写",
    "the customer has refused {channel}, which holds; no consent was taken": (
        "这位客户退订过 {channel}，以退订为准，没有记为同意"
    ),
    "customer {id}; {changes}": "客户 {id}；{changes}",
    "a new customer; {changes}": "新客户；{changes}",
    "{number} counts, all right": "{number} 个计数，都对",
    "{number} counts, {wrong} of them were wrong, and are right now": "{number} 个计数，其中 {wrong} 个有误，已改正",
    "nothing changes": "没有变化",
    "is not a phone number": "不是电话号码",
    "is not an email address": "不是邮箱地址",
    "must not hold control characters": "不能有控制字符",
    "must be a kind and a value, like unionid:u1": "要写成种类和值，像 unionid:u1",
    "is no known kind of identifier; the kinds are {kinds}": "没有这种标识；有 {kinds}",
    "{kind} doesn't carry an account": "{kind} 不带账号",
    "the account of {kind} must be letters, digits, _ and -": "{kind} 的账号只能有字母、数字、_ 和 -",
    "the identifier {name} {problem}": "标识 {name} {problem}",
    "is not a possible phone number": "没有这样的电话号码",
    "taken": "已收下",
    "would be taken": "将收下",
    "row {row}: {words}": "第 {row} 行：{words}",
    "there is no instance {instance}; list them with: aftershow play list": (
        "没有第 {instance} 场；列出来：aftershow play list"
    ),
    "nothing is drawn yet, and its secret is one still": "还没有开奖，种子还不能公开",
    "{step}: {winners} winners of {entries} entries": "{step}：{entries} 份参与，{winners} 名中奖",
    "say which play is tested: `play: NAME` or `spec: PATH`": "请写测试哪个玩法：`play: 名字` 或 `spec: 路径`",
    "the play can't be {act}: {reason}": "玩法不能这样（{act}）：{reason}",
    "nothing was drawn in it": "这一场没有抽奖",
    "the draw is what was promised": "抽奖和承诺的一致",
    "the seed is not the one that was promised": "种子不是承诺的那个",
    "the entries are not those that there were at the close": "参与名单和截止时的不一样",
    "the winners are not the first of the order": "中奖者不是排在最前面的",
    "somebody was passed over without a reason": "有人没有原因就被跳过",
    "row {row}, {column}: {words}": "第 {row} 行，{column}：{words}",
    "{lot}, new -> {now} on hand, until {day}": "{lot}，新批次 → 在库 {now}，到 {day}",
    "{lot}, {before} on hand -> {now} on hand, until {day}": "{lot}，在库 {before} → {now}，到 {day}",
    "{word}, a total of other rows; it was passed over": "{word}，是其他行的合计，跳过",
    "the day has passed; it was taken, and is never for sale": "日期已过；收下了，但不会再卖",
    "the lot {lot} came in with {field} {value}, which holds; give another lot its own name": (
        "批次 {lot} 入库时 {field} 是 {value}，以它为准；另一批请另起批号"
    ),
    "the order stands in row {row}, too; put its rows one below the other": (
        "这一单在第 {row} 行也有，请把它的各行放在一起"
    ),
    "differs from row {row} of the same order; write what the order came to in each row": (
        "和同一单的第 {row} 行不一样，请在每一行都写整单的金额"
    ),
    "names a product a second time": "同一个商品写了两次",
    "must be a number, perhaps with a unit: 60, 60件, 2.5kg, 5斤, 5箱": (
        "要写数，可以带单位：60、60件、2.5kg、5斤、5箱"
    ),
    "has more than three places": "小数超过三位",
    "{file}: {fault}": "{file}：{fault}",
    "the lot stands in row {row}, too; write it on one line": "这一批在第 {row} 行也有，请写在一行里",
    "is merged with the rows above; unmerge it and give each lot its own": "与上面的行合并了；请取消合并，每批各写各的",
    "is empty; fill it in (of a formula, the value that Excel stored is read)": (
        "是空的，请填上（公式读的是 Excel 存下的值）"
    ),
    "must be a shelf life, like 30, 30天, 6个月 or 1年": "要是保质期，像 30、30天、6个月、1年",
    "is a date or a truth value; format the column as text": "是日期或真假值；请把这一列设为文本",
    "is a number that Excel doesn't keep exactly; format the column as text": "这个数 Excel 存不准；请把这一列设为文本",
    "was cut short by Excel to {text}; format the column as text (or as 0) and save the file anew": (
        "被 Excel 缩成了 {text}；请把这一列设为文本（或格式 0）重新保存"
    ),
    "must be a number, like 120 or 0.75": "要是数，像 120 或 0.75",
    "must be a number without a unit, like 120 or 0.75": "要是不带单位的数，像 120 或 0.75",
    "has more than three places; write it like 0.75": "小数多于三位；写成 0.75 这样",
    "must be a date, like 2026-03-02, 2026/3/2 or 2026年3月2日; a number must be formatted as one": (
        "要是日期，像 2026-03-02、2026/3/2、2026年3月2日；数字要设成日期格式"
    ),
    "is not a day that exists": "没有这一天",
    "holds Excel's error {text}; mend the formula": "是 Excel 的错误 {text}；请改好公式",
    "holds control characters or line breaks; write it on one line": "里面有换行或控制字符，请写在一行里",
    'row {row}: "{first}" and "{second}" both head the {field}; keep one': (
        "第 {row} 行：“{first}”和“{second}”都是 {field} 列，请留一个"
    ),
    "row {row} is the header, and lacks the column of {words}": "第 {row} 行是表头，缺少这些列：{words}",
    "{file} has no header: a row that heads the lot (批次), the product (货号), 数量 and 到期日": (
        "{file} 没有表头：要有一行写着批次、货号、数量和到期日"
    ),
    "{path} is neither .xlsx nor text in UTF-8 or GBK; save it as .xlsx or as CSV UTF-8": (
        "{path} 既不是 .xlsx，也不是 UTF-8 或 GBK 的文本；请另存为 .xlsx 或 CSV UTF-8"
    ),
    "{path} cannot be read as a spreadsheet; open it in Excel and save it anew as .xlsx": (
        "{path} 读不出表格；请用 Excel 打开，另存为 .xlsx"
    ),
    "{path} is larger than {size} MB; cut it into several files": "{path} 超过 {size} MB，请拆成几个文件",
    "{path} is an old .xls file, or protected by a password; save it as .xlsx without one": (
        "{path} 是旧的 .xls，或有密码；请另存为没有密码的 .xlsx"
    ),
    "{path} unpacks to more than {size} MB; cut it into several files": "{path} 解开后超过 {size} MB，请拆成几个文件",
    "{path} has more than {count} rows; cut it into several files": "{path} 超过 {count} 行，请拆成几个文件",
    "{path} is no CSV file that can be read: {problem}": "{path} 不是能读的 CSV：{problem}",
}
