"""Why a source gives nothing, an output takes nothing, or a row is set aside, in Chinese."""

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    "{name} is not set where this runs": "这里没有设置 {name}",
    "{name} is no SQLAlchemy URL, or the driver that it names isn't installed": (
        "{name} 不是 SQLAlchemy 的地址，或者没有装它的驱动"
    ),
    "the database says: {words}": "数据库说：{words}",
    "the query can't be asked: {words}": "查询发不出去：{words}",
    "the cursor is a number, and {written} is none": "游标是数，{written} 不是",
    "{written} is no time; write it like 2026-03-02 or 2026-03-02T08:00": (
        "{written} 不是时间，请写成 2026-03-02 或 2026-03-02T08:00"
    ),
    "a range is of times, like 2026-03-02 or 2026-03-02T08:00": "范围要写时间，如 2026-03-02 或 2026-03-02T08:00",
    "a range is of times, like 2026-03-02, or of numbers": "范围要写时间，如 2026-03-02，或者写数",
    "{host} answers HTTP {status}": "{host} 答 HTTP {status}",
    "{host} answers with something else than JSON": "{host} 答的不是 JSON",
    "{host} must be asked by https": "{host} 要用 https",
    "{host} is in a private network": "{host} 在内网",
    "{path} finds no list of rows in the answer": "回答里按 {path} 找不到行",
    "rows must come with the oldest change first; ask the API for that order": (
        "行要按修改时间从旧到新返回，请让接口按这个顺序"
    ),
    "{cursor} is neither a time nor a number": "{cursor} 不是时间，也不是数",
    "the next page is on another host": "下一页在别的主机上",
    "{name} names no folder that can be read here": "{name} 指的目录这里读不到",
    "{file} can't be read: {words}": "{file} 读不了：{words}",
    "{name} names no folder that is there": "{name} 指的目录不存在",
    "the folder can't be written to: {words}": "目录写不进去：{words}",
    "the webhook {name} says {reason}": "webhook {name} 答 {reason}",
    "Kafka says {words}": "Kafka 说 {words}",
    "the row has no id where the map looks for one": "映射里 id 指的地方没有值",
    "the id is too long": "id 太长",
    "there is no time where the map looks for one": "映射里 time 指的地方没有时间",
    "no order of this id is known": "没有这个订单号的订单",
}
