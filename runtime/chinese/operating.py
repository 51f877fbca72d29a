"""What is said when things are started and stopped, set up and restored, in Chinese."""

from collections.abc import Mapping

OPERATING: Mapping[str, str] = {
    # starting and stopping
    "Aftershow is up. Ctrl-C stops it; the data stays in {place}.": "Aftershow 已启动。Ctrl-C 停止，数据留在 {place}。",
    "The console is at {url}. Each of these links signs in once, within a day:": (
        "控制台在 {url}。下面每个链接一天之内可以登录一次："
    ),
    "API, with its documentation   {url}": "API 和它的文档                {url}",
    "Temporal UI                   {url}": "Temporal 界面                 {url}",
    "metrics                       {url}": "指标                          {url}",
    "logs                          {place}": "日志                          {place}",
    "API key                       in {place}": "API 密钥                      在 {place}",
    "Post an event:": "发一个事件试试：",
    "stopping …": "正在停止……",
    "stopped; the data stays in {place}": "已停止，数据留在 {place}",
    "The story is told. Everything stays up until Ctrl-C; the next demo begins anew.": (
        "演示讲完了。服务继续运行，Ctrl-C 停止；下次演示从头开始。"
    ),
    "Postgres is away; what was saved is published when it is back": "Postgres 不在；保存的文件等它回来再发布",
    "{option} and {other} are both {port}; give each a port of its own": (
        "{option} 和 {other} 都是 {port}，请各用一个端口"
    ),
    "port {port} cannot be used ({reason}); free it, or choose another with {option}": (
        "端口 {port} 用不了（{reason}）；让出它，或用 {option} 换一个"
    ),
    "{data} is in use by another `aftershow up` (process {owner}); stop that one, or give this one a directory of its"
    " own with --data": "{data} 正被另一个 `aftershow up`（进程 {owner}）使用；停掉那个，或用 --data 给这个换个目录",
    "{name} did not start. The end of {log}:": "{name} 没有启动。{log} 的末尾：",
    "{name} did not start. Its last words:": "{name} 没有启动。它最后说：",
    "{name} is back (process {pid})": "{name} 恢复了（进程 {pid}）",
    "{name} {cause}; starting it again in {pause} s": "{name} {cause}；{pause} 秒后重新启动",
    "was killed ({signal})": "被终止（{signal}）",
    "ended (exit code {code})": "退出了（代码 {code}）",
    "{name} has died {count} times in a row. The end of {log}:": "{name} 连续退出了 {count} 次。{log} 的末尾：",
    "ending {name} (process {pid}), left over from a run that was cut short": (
        "正在结束上次没有收尾的 {name}（进程 {pid}）"
    ),
    "waiting for {name}: {reason}": "等待 {name}：{reason}",
    "Twilio can't reach us: set AFTERSHOW_PUBLIC_URL, or no receipt and no STOP is heard": (
        "Twilio 找不到我们：请设置 AFTERSHOW_PUBLIC_URL，否则收不到回执和退订"
    ),
    "{path} is missing; install the project's requirements again (make setup)": (
        "缺少 {path}；请重新安装依赖（make setup）"
    ),
    "cannot prepare Postgres in {directory}: {problem}": "无法在 {directory} 准备 Postgres：{problem}",
    "no `aftershow up` has run on {data}; name the directory of one with --data, or set {variable}": (
        "{data} 上没有运行过 `aftershow up`；用 --data 指明它的目录，或设置 {variable}"
    ),
    "{path} is somebody else's; remove it, or choose a shorter path than {other}": (
        "{path} 是别人的；请删掉它，或选一个比 {other} 短的路径"
    ),
    "AFTERSHOW_PUBLIC_URL is no address; it looks like https://shop.example": (
        "AFTERSHOW_PUBLIC_URL 不是网址；应像 https://shop.example"
    ),
    "AFTERSHOW_WEBHOOKS: not a JSON object": "AFTERSHOW_WEBHOOKS 不是 JSON 对象",
    "{path} is missing; pip install 'aftershow[local]' brings it, as make setup does": (
        "没有 {path}；pip install 'aftershow[local]' 会装上它，make setup 也会"
    ),
    "AFTERSHOW_WORKER_PORT: port {port} of {host} can't be had; is it in use?": (
        "AFTERSHOW_WORKER_PORT：{host} 的端口 {port} 用不了；是不是被占用了？"
    ),
    "AFTERSHOW_SIGNING_KEY must have 32 characters or more": "AFTERSHOW_SIGNING_KEY 至少要 32 个字符",
    "AFTERSHOW_SMS_ROUTES: not a JSON object like {example}": "AFTERSHOW_SMS_ROUTES 不是这样的 JSON 对象：{example}",
    "AFTERSHOW_SMS_ROUTES: {name} is not set up": "AFTERSHOW_SMS_ROUTES：{name} 还没有设置",
    "AFTERSHOW_SMS_ROUTES: {names} are set up; say which sends what, like {example}": (
        "AFTERSHOW_SMS_ROUTES：设置了 {names}；请写明谁发哪些，像 {example}"
    ),
    "set AFTERSHOW_KEY to a key, as `aftershow key create` prints it": (
        "请把 AFTERSHOW_KEY 设为一个密钥，`aftershow key create` 会给一个"
    ),
    "AFTERSHOW_DATABASE_URL is no address; it looks like postgresql+psycopg://user@host/database": (
        "AFTERSHOW_DATABASE_URL 不是地址；应像 postgresql+psycopg://user@host/database"
    ),
    "Postgres cannot be reached: {problem}": "连不上 Postgres：{problem}",
    "Start it, or put its address right in AFTERSHOW_DATABASE_URL": "请启动它，或改正 AFTERSHOW_DATABASE_URL 里的地址",
    "the database's schema is not up to date; run: aftershow db upgrade": (
        "数据库结构不是最新的；请运行：aftershow db upgrade"
    ),
    "the schema is up to date": "数据库结构已是最新",
    "new search attributes: {names}": "新的搜索属性：{names}",
    # after a restore
    "{runs} runs of journeys and {others} others are started, as fast as the workers can": (
        "{runs} 个旅程运行和 {others} 个其他运行按 worker 的速度启动"
    ),
    "{due} customers were due in the time that is lost: their providers are asked before anything goes again": (
        "丢失的那段时间里有 {due} 位客户到期：先问服务商，再决定要不要发"
    ),
    "start the workers now; look at `aftershow messages --unknown` in ten minutes": (
        "现在启动 worker；十分钟后看 `aftershow messages --unknown`"
    ),
    "what was lost must begin before it ends, and end before now: since, the last instant that is in the database;"
    " until, when the old one stopped": (
        "丢失的时间要先开始后结束，并在现在之前结束：since 是数据库里最后的时刻，until 是原来那套停下的时刻"
    ),
}
