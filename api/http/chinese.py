"""What problem details, and warnings of events, say in Chinese: one catalogue, by the English sentence with its places
in braces.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from domain.catalogue.chinese import FAULTS as FAULTS_OF_EVENTS
from domain.connectors.chinese import CHINESE as OF_CONNECTORS
from workflows.source.chinese import SENTENCES as DIAGNOSTICS
from workflows.source.translating import translator

TITLES: Mapping[str, str] = {
    "Something went wrong on our side": "我们这边出错了",
    "A valid API key or a session is needed": "需要有效的 API 密钥，或先登录",
    "The caller lacks a permission": "没有这项权限",
    "The page belongs to another session": "这个页面属于另一次登录",
    "This can't be told to come from the provider": "无法确认这是服务商发来的",
    "There is nothing here": "这里什么也没有",
    "The present state doesn't allow it": "现在的状态不允许这样做",
    "Somebody else has changed it since it was read": "读取之后别人已经改过",
    "The coupons can't be used on this order": "这些券不能用于这个订单",
    "The link has ended": "链接已失效",
    "The body is too large": "正文太大",
    "The body took too long to come": "正文来得太慢",
    "The batch holds too many events": "这一批事件太多",
    "The content type isn't one that is read here": "这里不认识这种内容类型",
    "Nothing of the request could be taken": "请求一点也没有收下",
    "Too many events at once": "一次来的事件太多",
    "Too many attempts to sign in": "登录尝试次数太多",
    "The service can't take this now; try again": "服务现在收不了，请稍后再试",
    "This method isn't allowed here": "这里不能用这种方法",
    "The request can't be served": "这个请求办不了",
    "The connection was lost before the body had arrived": "正文到齐之前连接断了",
}

DETAILS: Mapping[str, str] = {
    "A batch holds at most {number} calls.": "一批最多 {number} 次调用。",
    "A request holds at most {number} events.": "一次请求最多 {number} 个事件。",
    "A request holds at most {number} records.": "一次请求最多 {number} 条记录。",
    "Send the write key, as docs/tracking.md says for each SDK; this one is unknown or revoked.": (
        "请带上写入密钥，各个 SDK 怎么带见 docs/tracking.md；这个密钥不认识，或者已经作废。"
    ),
    "The batch must be a list of calls.": "batch 必须是一串调用。",
    "The body can't be read: {detail}.": "正文读不懂：{detail}。",
    "The body must be an object.": "正文必须是一个对象。",
    "The checksum in ext is another than that of the data; send it again.": "ext 里的校验和与数据不符，请重发。",
    "The data can't be read: {detail}.": "data 读不懂：{detail}。",
    "The data must be a list of events.": "data 必须是一串事件。",
    "The key is for programs; make one with the scope track.": "这是给程序用的密钥；请建一个 scope 是 track 的。",
    "The key isn't for pages of this origin; `aftershow key create --origin` names them.": (
        "这个密钥不是给这个网站用的；网站由 `aftershow key create --origin` 指定。"
    ),
    "The script isn't built; `make setup` builds it.": "脚本还没有构建；`make setup` 会构建它。",
    "Another change to its customer takes long; send it again.": "它的客户正有别的改动，要等很久；请再发一次。",
    "There is neither data nor data_list in it.": "里面既没有 data，也没有 data_list。",
    "A batch holds at most {number} events.": "一批最多 {number} 个事件。",
    "A body has at most {number} bytes when it is unpacked.": "正文解开后最多 {number} 字节。",
    "A body has at most {number} bytes.": "正文最多 {number} 字节。",
    "A journey's tests can't be run here.": "这里不能运行旅程的测试。",
    "from `from` to `to` there are 1 to {number} days, between 2000 and 2100": (
        "从 `from` 到 `to` 是 1 到 {number} 天，在 2000 年到 2100 年之间"
    ),
    "The document has mistakes.": "内容有错误。",
    "The document was published without its text; publish its file once more first.": (
        "它发布时没有留下原文，请先把它的文件再发布一次。"
    ),
    "There is no such document; there are {names}.": "没有这样的共用文件；有 {names}。",
    "There was no such version, or it isn't kept.": "没有这一版，或没有留下来。",
    "Tests can't be sent here.": "这里不能试发。",
    "tests go to your own phone, or to an address in AFTERSHOW_TEST_ADDRESSES": (
        "试发只能发到您自己的手机，或 AFTERSHOW_TEST_ADDRESSES 里的地址"
    ),
    "A key can't be permitted more than who makes it.": "密钥的权限不能比创建它的人多。",
    "A newer message has one that holds.": "更新的消息里有有效的链接。",
    "Another draft is being tried out; try again in a moment.": "正在试另一份草稿，请稍后再试。",
    "Another version was published meanwhile; look at what it changed first.": (
        "期间发布了另一个版本，请先看看它改了什么。"
    ),
    "Away: {names}.": "不可用：{names}。",
    "Callbacks are {what}.": "回调应为 {what}。",
    "Decisions can't be taken here.": "这里不能作决定。",
    "Drafts can't be tried out here.": "这里不能试草稿。",
    "It needs the permission {name}.": "需要权限 {name}。",
    "It is open already; one instance of a play goes on at a time.": "它已经开着；同一个玩法一次只开一场。",
    "It is played while a livestream runs, and none does.": "它要在直播进行时玩，而现在没有直播。",
    "It isn't played on this day; see `during`.": "今天不在它的期限里，见 `during`。",
    "No entries are being taken.": "现在不收参与。",
    "The token isn't one for this play.": "这个口令不是这个玩法的。",
    "The token is over; ask the shop for another.": "口令过期了，请重新进入页面。",
    "Too many entries at once.": "一次来的参与太多，请稍后再试。",
    "Send a token, or a key as Authorization: Bearer ….": "请带上口令，或以 Authorization: Bearer … 发送密钥。",
    "isn't known here": "这里没有这个字段",
    "must be a JSON object": "要是 JSON 对象",
    "must be a text of 1 to 100 characters": "要是 1 到 100 个字的文字",
    "must be a text or a number": "要是文字或数",
    "It is over.": "它已经结束。",
    "No rule keeps such a tag.": "没有规则管这个标签。",
    "Somebody changed the tag meanwhile.": "期间有人改了这个标签。",
    "The tags were published without their text; publish their file once more first.": (
        "标签发布时没有留下原文；请先再发布一次它们的文件。"
    ),
    "There is no connector of this name in what is published.": "已发布的内容里没有这个名字的连接。",
    "There is no receiver of this name in what is published.": "已发布的内容里没有这个名字的接收端。",
    "This receiver takes what is posted.": "这个接收端只收 POST。",
    "The secret of this receiver isn't set where this runs.": "这里没有设置这个接收端的密钥。",
    "The order can't be fetched now; push it again.": "订单现在取不到，请再推一次。",
    "The EncodingAESKey that is set isn't one.": "设置的 EncodingAESKey 不对。",
    "The signature is wrong, or not from just now.": "签名不对，或者不是刚签的。",
    "A push holds at most {number} messages.": "一次推送最多 {number} 条消息。",
    "The body holds what can't be kept.": "内容里有存不下的东西。",
    "The body is neither XML nor JSON.": "内容既不是 XML 也不是 JSON。",
    "The system pushes; it can't be asked for a range.": "这个系统是推送的，不能补取一段。",
    "There is no play of this name.": "没有这个名字的玩法。",
    "The play has mistakes.": "玩法里有错误。",
    "There is no such instance of it.": "它没有这一场。",
    "There are no closed entries of this instance and step.": "这一场的这一步没有已截止的参与。",
    "say who enters, by identifiers": "请用标识写明谁参加",
    "none of its identifiers names anybody": "这些标识都不指向任何人",
    "JSON is read in UTF-8 only.": "JSON 只认 UTF-8。",
    "Load the page again.": "请重新载入页面。",
    "No coupon was ever locked for this order.": "这个订单从没占用过券。",
    "No journey of this name was ever published.": "没有发布过这个名字的旅程。",
    "No policy is published yet; publish it first: aftershow publish.": "还没有发布过策略；请先 aftershow publish。",
    "No such version of a journey of this name was ever published.": "这个名字的旅程没有发布过这个版本。",
    "None of the edits was made.": "这些修改一项也没有做。",
    "None of the events was taken.": "这些事件一个也没有收下。",
    "Of compressed bodies, gzip is read.": "压缩的正文只认 gzip。",
    "Read are {types}.": "能读的是 {types}。",
    "Read it again, and change what it is now.": "请重新读取，再改现在的内容。",
    "Send a key as Authorization: Bearer …, or sign in.": "请以 Authorization: Bearer … 带上密钥，或先登录。",
    "Sheets can't be taken here.": "这里不能导入表格。",
    "Sign in first.": "请先登录。",
    "Sign in on the console's own page.": "请在控制台自己的页面登录。",
    "Somebody changed the tests meanwhile.": "期间有人改了测试。",
    "Somebody changed the text meanwhile.": "期间有人改了这份文案。",
    "Somebody changed the segment meanwhile.": "期间有人改了这个人群。",
    "Somebody saved the draft meanwhile.": "期间有人保存了这份草稿。",
    "The body can't be read.": "正文读不了。",
    "Assistants aren't served here.": "这里没有开通助手。",
    "Send a key as Authorization: Bearer ….": "请用 Authorization: Bearer … 带上密钥。",
    "The address doesn't end in the token of the callbacks.": "地址的末尾不是回调用的口令。",
    "The body holds more than {number} receipts.": "正文里的回执超过 {number} 条。",
    "The body is no form of UTF-8 text.": "正文不是 UTF-8 文字的表单。",
    "The body is no JSON: {problem}.": "正文不是 JSON：{problem}。",
    "The code was mistyped.": "券码输错了。",
    "The console has no such file any more; load the page again.": "控制台没有这个文件了，请重新载入页面。",
    "The console isn't built; `make setup` builds it.": "控制台还没有构建；`make setup` 会构建它。",
    "The coupon is {status}.": "这张券现在是 {status}。",
    "The database can't take it now.": "数据库现在收不了。",
    "The draft has no such revision, or it isn't kept any more.": "草稿没有这一版，或已不再保留。",
    "The journey doesn't pass the tests that are kept with it; mend it, or change them.": (
        "旅程没有通过和它放在一起的测试；请改好旅程，或者修改测试。"
    ),
    "The journey has mistakes.": "旅程里有错误。",
    "The key is unknown or revoked.": "没有这把密钥，或已作废。",
    "The link is too old; make a new one with: aftershow studio-link STREAM": (
        "链接太旧了，请新做一个：aftershow studio-link STREAM"
    ),
    "The link isn't one for this show; make one with: aftershow studio-link STREAM": (
        "链接不是这场直播的，请做一个：aftershow studio-link STREAM"
    ),
    "The message can't be decrypted.": "消息解不开。",
    "The message is for another receiver.": "消息是给别的接收方的。",
    "The new password isn't fit.": "新密码不合要求。",
    "The review is ready ten minutes after the show's end.": "复盘在直播结束十分钟后才有。",
    "The run that takes decisions can't be reached.": "作决定的运行联系不上。",
    "The segments were published without their text; publish their file once more first.": (
        "人群发布时没有带原文，请先把文件再发布一次。"
    ),
    "The session is over; sign in again.": "登录已过期，请重新登录。",
    "The sheet can't be read.": "表格读不了。",
    "The show has begun.": "直播已经开始。",
    "The show is over.": "直播已经结束。",
    "The show was called off.": "直播已取消。",
    "The signature is missing or wrong. It is made over AFTERSHOW_PUBLIC_URL and the path.": (
        "签名缺失或不对；它按 AFTERSHOW_PUBLIC_URL 和路径计算。"
    ),
    "The signature is wrong.": "签名不对。",
    "The tests have mistakes.": "测试里有错误。",
    "The timestamp is more than {number} minutes away from now.": "时间戳和现在相差超过 {number} 分钟。",
    "The timestamp is no time.": "时间戳不是时间。",
    "The {problem}; only unknown and pending_staff messages can be settled.": (
        "{problem}；只有去向不明和等员工发送的消息可以登记结果。"
    ),
    "There is a show of this id already.": "已经有这个编号的直播。",
    "There is no journey {name}.": "没有旅程 {name}。",
    "There is no key {number}.": "没有密钥 {number}。",
    "There is no message {number}.": "没有消息 {number}。",
    "There is no such campaign.": "没有这个优惠券活动。",
    "There is no such conflict, or it is decided.": "没有这项冲突，或已经决定。",
    "There is no such coupon.": "没有这张券。",
    "There is no such customer.": "没有这位客户。",
    "There is no such lot.": "没有这批货。",
    "There is no such opinion.": "没有这条意见。",
    "There is no such replenishment.": "没有这张补货单。",
    "There is no such requirement.": "没有这项需求。",
    "There is no such segment.": "没有这个人群。",
    "There is no such show.": "没有这场直播。",
    "There is no such plan.": "没有这个补货计划。",
    "There is no such supplier in the published terms.": "已发布的条款里没有这个供应商。",
    "The supplier's next delivery is planned already.": "这个供应商的下一次到货已经有计划了。",
    "The plan was answered already, and otherwise.": "这个计划已经有过另一个答复。",
    "The plan isn't open for this any more.": "这个计划现在不能这样做了。",
    "The link is too old; make a new one with: aftershow supply link SUPPLIER": (
        "链接太旧了，请新做一个：aftershow supply link SUPPLIER"
    ),
    "The link isn't one for this supplier; make one with: aftershow supply link SUPPLIER": (
        "链接不是这个供应商的，请做一个：aftershow supply link SUPPLIER"
    ),
    "There is no such product: none is listed, kept or was ordered by this sku.": (
        "没有这个商品：商品表、批次和订单里都没有这个货号。"
    ),
    "There is no such show; it begins to be known with stream.scheduled or stream.started.": (
        "没有这场直播；收到 stream.scheduled 或 stream.started 之后才有。"
    ),
    "There is no such task.": "没有这项待办。",
    "There is no such text.": "没有这份文案。",
    "There is no such way to sign in.": "没有这种登录方式。",
    "There is no user {number}.": "没有用户 {number}。",
    "There is no version {number}.": "没有第 {number} 版。",
    "This is no link of ours.": "这不是我们的链接。",
    "Too many are listening.": "同时收看的太多了。",
    "WeChat can't be asked now.": "现在问不到微信。",
    "WeChat doesn't know the code, or it was used already.": "微信不认这个 code，或者它已经用过了。",
    "WeChat isn't set up here; see docs/delivery_wechat.md.": "这里没有配置微信，见 docs/delivery_wechat.md。",
    "Too many requests are waiting to be taken.": "等待处理的请求太多。",
    "Try again in {number} seconds.": "请在 {number} 秒后再试。",
    "`after` must be what an earlier page gave as `next`.": "`after` 要写前一页给出的 `next`。",
    "It isn't open for a decision any more.": "已经不能再决定了。",
    "`quantity` must be above 0; to order nothing, refuse it.": "`quantity` 要大于 0；不订就拒绝它。",
    "`quantity` must be whole packs.": "`quantity` 要是整箱数。",
    "`quantity` is more than will be sold before it perishes.": "`quantity` 超过了过期前能卖掉的数量。",
    "`quantity` is needed.": "要写 `quantity`。",
}

FAULTS: Mapping[str, str] = {
    "Field required": "必填",
    "Extra inputs are not permitted": "没有这个字段",
    "Input should be a valid {kind}": "要是{kind}",
    "Input should be a valid {kind}, unable to parse {what}": "要是{kind}",
    "Input should be a valid {kind}, {why}": "要是{kind}",
    "Input should be greater than {number}": "要大于 {number}",
    "Input should be greater than or equal to {number}": "至少是 {number}",
    "Input should be less than {number}": "要小于 {number}",
    "Input should be less than or equal to {number}": "至多是 {number}",
    "Input should be {choices}": "要是其中之一：{choices}",
    "String should have at least {number} character": "至少 {number} 个字",
    "String should have at least {number} characters": "至少 {number} 个字",
    "String should have at most {number} character": "至多 {number} 个字",
    "String should have at most {number} characters": "至多 {number} 个字",
    "String should match pattern {pattern}": "写法不对，要符合 {pattern}",
    "List should have at least {number} item after validation, not {given}": "至少要有 {number} 项",
    "List should have at least {number} items after validation, not {given}": "至少要有 {number} 项",
    "List should have at most {number} items after validation, not {given}": "至多 {number} 项",
    "Value error, {why}": "{why}",
    "string": "文字",
    "integer": "整数",
    "number": "数",
    "boolean": "true 或 false",
    "list": "列表",
    "datetime": "时间",
    "date": "日期",
    "dictionary": "对象",
    "dictionary or object to extract fields from": "对象",
    "is required": "必填",
    "must be an object": "要是对象",
    "must be one of {choices}": "要是其中之一：{choices}",
    "must have at most {number} entries": "至多 {number} 项",
    "must be a finite number": "要是有限的数",
    "must fit into 64 bits": "数太大，超出 64 位",
    "must be in the future, and within a year": "要在将来，一年之内",
    "a change needs the products that change": "要改就写改了的商品",
    "wasn't asked for in this plan": "这个计划里没有这个商品",
    "must be whole packs": "要是整箱数",
    "is more than sells before it expires, than `max` leaves room for, or than ten times what was proposed; "
    "send `confirm: true` if it is meant": (
        "超过了过期前能卖掉的数量、`max` 还放得下的数量，或建议的十倍；确实要这么多，就加上 `confirm: true`"
    ),
    "{quantity} is more than will be sold before it perishes; send `confirm: true` if it is meant.": (
        "{quantity} 超过了过期前能卖掉的数量；确实要这么多，就加上 `confirm: true`。"
    ),
    "{quantity} is more than there is room for; send `confirm: true` if it is meant.": (
        "{quantity} 超过了放得下的数量；确实要这么多，就加上 `confirm: true`。"
    ),
    "{quantity} is more than {number} times what was proposed; send `confirm: true` if it is meant.": (
        "{quantity} 是建议的 {number} 倍以上；确实要这么多，就加上 `confirm: true`。"
    ),
    "must be a day from today on, at most 60 days after the one that was asked for": (
        "要写今天以后的日子，最晚比要求的晚 60 天"
    ),
    "must be today ({day}) or a day of the {number} after it": "要写今天（{day}）或之后 {number} 天内的日子",
    "is not a phone number": "不是电话号码",
    "is not a possible phone number": "没有这样的电话号码",
    "is not an email address": "不是邮箱地址",
    "is not a day that exists": "没有这一天",
    "must be a kind and a value, like unionid:u1": "要写类型和值，如 unionid:u1",
    "is no known kind of identifier; the kinds are {kinds}": "没有这种标识；有 {kinds}",
    "must be an RFC 3339 time with an offset, like {example}": "要是带时区的 RFC 3339 时间，如 {example}",
    "the event names nobody; give data.customer, or subject as kind:value": (
        "这个事件没有说是谁的；请写 data.customer，或把 subject 写成 kind:value"
    ),
    "lies more than 5 minutes in the future": "在五分钟以后的将来",
    "is no type that is known; it is kept as it is. Did you mean {name}?": (
        "没有这种事件，照原样收下。是不是想写 {name}？"
    ),
    "is a name under which events of our own are kept; give another one": "这个名字留给系统自己的事件，请换一个",
    "it names nobody: _identity.yaml lists it in `never`, and it was left aside": (
        "它不指任何人：_identity.yaml 的 `never` 里有它，没有采用"
    ),
    "none of its identifiers names anybody: _identity.yaml lists them in `never`": (
        "它的标识都不指任何人：_identity.yaml 的 `never` 里有它们"
    ),
    "a person has no more of this kind, so it is not taken for this customer's": (
        "一个人不会再有更多这种标识，所以没有算作这位客户的"
    ),
    "another customer has it, and it doesn't join them by itself; a person decides": (
        "它是另一位客户的，单凭它不会把两位合成一位；由人来决定"
    ),
    "one person with so many identifiers is not to be; a person decides": "一个人不该有这么多标识；由人来决定",
    "it names a customer who was told apart from this one; a person decides": (
        "它指的客户和这位已经分清是两个人；由人来决定"
    ),
    "{name} doesn't carry an account": "{name} 不带账号",
    "the account of {name} must be letters, digits, _ and -": "{name} 的账号只能有字母、数字、_ 和 -",
    "must not hold control characters": "不能有控制字符",
    "another change to its customer takes long; send it again": "它的客户正有别的改动，要等很久；请再发一次",
    "the database can't hold a value in it": "里面有数据库存不了的值",
    "an event must be an object": "事件要是对象",
    "an event has data or data_base64, not both": "data 和 data_base64 只能写一个",
    'must be "1.0"': '要是 "1.0"',
    "must be JSON in base64": "要是 base64 里的 JSON",
    "must be an object of identifiers": "要是由标识组成的对象",
    "must be percent-encoded UTF-8": "要是百分号编码的 UTF-8",
    "the body isn't whole and sound gzip": "正文不是完好的 gzip",
    "the header is given twice": "这个请求头写了两次",
    "was rounded to three places": "已四舍五入到三位小数",
    "byte {number} isn't UTF-8": "第 {number} 个字节不是 UTF-8",
    "is nested deeper than {number} levels": "嵌套超过 {number} 层",
    "the body must be {what}": "正文要是{what}",
    "an object": "对象",
    "an array": "数组",
    "an object or an array": "对象或数组",
    "line {line}, column {column}: {what}": "第 {line} 行第 {column} 列：{what}",
    "a key needs a name": "密钥要有名字",
    "a key needs a scope: {names}": "密钥要有权限：{names}",
    "a name has 1 to {number} printable characters": "名字要有 1 到 {number} 个可见的字",
    "a password has at least 4 different characters": "密码至少要有 4 个不同的字符",
    "a password has {least} to {most} characters": "密码要有 {least} 到 {most} 个字符",
    "a staff id has at most {number} printable characters": "员工号至多 {number} 个可见的字符",
    "a user needs a role: {names}": "用户要有角色：{names}",
    "a user needs an email address or a phone to sign in with": "用户要有邮箱或手机号才能登录",
    "somebody must be left who is an active admin": "至少要留一位在用的管理员",
    "there is already a user with this staff id": "已经有用这个员工号的用户",
    "there is already a user with this {what}": "已经有用这个 {what} 的用户",
    "unknown role {name}; the roles are {names}": "没有角色 {name}；有 {names}",
    "unknown scope {name}; the scopes are {names}, or single: {single}": "没有权限 {name}；有 {names}，单项 {single}",
    "message {number} is {state}, which is not open": "消息 {number} 是 {state}，不必核实",
    "there is no such customer": "没有这位客户",
    "they are one customer already": "他们已经是同一位客户",
    "these are all the identifiers that the customer has": "这些是这位客户的全部标识，不能都拆走",
    "these identifiers are not all this customer's": "这些标识不全是这位客户的",
    "these identifiers came from several customers; split them one after the other": (
        "这些标识来自几位客户，请一位一位地拆"
    ),
    "this condition takes longer than {number} s; narrow it with `within`, or with a tag or field first": (
        "这个条件要算 {number} 秒以上；请用 `within` 缩小范围，或先加一个标签或字段"
    ),
    "where is written like journey:NAME, show:ID or campaign:NAME": (
        "where 写成 journey:名字、show:编号 或 campaign:名字"
    ),
    "there is no metric {name}; there are {names}": "没有指标 {name}；有 {names}",
    "the span must have from 1 day to {most}": "时间范围要从 1 天到 {most}",
    "there is no journey {name}": "没有旅程 {name}",
    "there is no segment {name}": "没有人群 {name}",
    "send the draft's ETag": "请带上草稿的 ETag",
}
"""What is wrong with single fields."""

SENTENCES: Mapping[str, str] = {**DIAGNOSTICS, **OF_CONNECTORS, **FAULTS_OF_EVENTS, **FAULTS, **DETAILS, **TITLES}

in_chinese = lru_cache(maxsize=1000)(translator(SENTENCES))
"""Puts what a problem says into Chinese; in a batch of events each sentence stands often."""


def details_in_chinese(part: Any) -> Any:
    """The same, with each `detail` in it in Chinese."""
    match part:
        case dict():
            return {
                name: in_chinese(value) if name == "detail" and isinstance(value, str) else details_in_chinese(value)
                for name, value in part.items()
            }
        case list():
            return [details_in_chinese(each) for each in part]
    return part


def is_chinese_wanted(accept_language: str) -> bool:
    """Whether Chinese is what a caller would rather read, by their `Accept-Language` (RFC 9110, 12.5.4)."""
    wanted = [part.partition(";") for part in accept_language.split(",")]
    weighed = [(_weight(weight), tag.strip().casefold()) for tag, _, weight in wanted]
    best = max(weighed, key=lambda each: each[0], default=(0.0, ""))
    return best[0] > 0 and best[1].partition("-")[0] == "zh"


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
