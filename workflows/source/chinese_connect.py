"""Part of the catalogue of sentences in Chinese: connected systems."""

from collections.abc import Mapping

OF_CONNECTORS: Mapping[str, str] = {
    "a source": "来源",
    "a destination": "去处",
    "{what} has exactly one of {keys}; write a mapping like {example}": (
        "{what}里要有且只有一个：{keys}；写成 {example} 这样"
    ),
    "pulled more often than every minute": "拉取的间隔不能短于一分钟",
    "taken out more often than every minute": "送出的间隔不能短于一分钟",
    "{kind} needs a `{needed}`, the column that rows are asked for in order of": (
        "{kind} 要写 `{needed}`：按哪一列的顺序取"
    ),
    "{name} must be one of the `fields` that are asked for": "{name} 要在所取的 `fields` 里",
    "the file is called {file}, and this {name}; call them alike": "文件叫 {file}，这里叫 {name}；请取同一个名字",
    "{value} is not the name of a variable of the environment that begins with AFTERSHOW_CONNECT_": (
        "{value} 不是以 AFTERSHOW_CONNECT_ 开头的环境变量名"
    ),
    "{value} is not a variable that may be sent: its name must begin with AFTERSHOW_CONNECT_": (
        "{value} 里的变量不能发送：名字要以 AFTERSHOW_CONNECT_ 开头"
    ),
    "{value} is not one query that begins with SELECT or WITH and has no `;`": (
        "{value} 不是以 SELECT 或 WITH 开头、不带 `;` 的一条查询"
    ),
    "{value} is not an address that begins with https://": "{value} 不是以 https:// 开头的地址",
    "{value} is not a pattern of file names that ends with .csv, .jsonl or .ndjson": (
        "{value} 不是以 .csv、.jsonl 或 .ndjson 结尾的文件名样式"
    ),
    "{value} is not a path like {path}": "{value} 不是 {path} 这样的路径",
    "{value} is not a method like {method}": "{value} 不是 {method} 这样的接口名",
    "{value} is not a form like {form}": "{value} 不是 {form} 这样的单据",
    "{value} is not a key of a field, like FBillNo": "{value} 不是 FBillNo 这样的字段",
    "{value} is not the name of a header": "{value} 不是请求头的名字",
    "{value} is not the name of a topic": "{value} 不是主题的名字",
    "{value} is not the name of a column": "{value} 不是列名",
    "{value} is not a kind of identifier, like `phone`, or `order_id`": (
        "{value} 不是身份的种类，要写成 `phone` 这样，或 `order_id`"
    ),
}
