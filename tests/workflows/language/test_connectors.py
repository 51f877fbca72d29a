"""What is connected: mistakes are told at their lines, in Chinese too, and no secret is written or sent away."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from workflows.language.connectors import read_connector
from workflows.language.outputs import read_output
from workflows.source.chinese import in_chinese

SQL = "{sql: {url: AFTERSHOW_CONNECT_ERP, query: SELECT * FROM orders}}"
KINGDEE = (
    "{kingdee: {url: https://a.example, account: AFTERSHOW_CONNECT_A, user: AFTERSHOW_CONNECT_A, "
    "app_id: AFTERSHOW_CONNECT_A, app_secret: AFTERSHOW_CONNECT_A, form: SAL, fields: [FID]}}"
)
ORDERED = "\ncursor: modified\nkey: no"
MAP = "\nmap: {type: order.paid, id: no}\n"


def connector(source: str, rest: str = ORDERED, map: str = MAP) -> str:
    return f"connector: erp\nfrom: {source}{rest}{map}"


def sql(**changes: str) -> str:
    parts = {"url": "AFTERSHOW_CONNECT_ERP", "query": "SELECT 1"} | changes
    return f"{{sql: {{{', '.join(f'{name}: {value}' for name, value in parts.items())}}}}}"


def rest(**parts: str) -> str:
    return f"{{rest: {{url: https://a.example, {', '.join(f'{name}: {value}' for name, value in parts.items())}}}}}"


@pytest.mark.parametrize(
    ("read", "text", "code", "line"),
    [
        (read_connector, connector(f"{SQL[:-1]}, kuaidi100: {{salt: AFTERSHOW_CONNECT_S}}}}"), "E018", 2),
        (read_connector, connector("{}"), "E018", 2),
        (read_connector, connector(sql(url="postgresql://erp:secret@host/db")), "E015", 2),
        (read_connector, connector(sql(url="AFTERSHOW_SIGNING_KEY")), "E015", 2),
        (read_connector, connector(sql(query="DELETE FROM orders")), "E015", 2),
        (read_connector, connector(sql(query="'SELECT 1; DROP TABLE orders'")), "E015", 2),
        (read_connector, connector(SQL, "\ncursor: modified"), "E081", 2),
        (read_connector, connector(SQL, "\ncursor: a b\nkey: no"), "E015", 3),
        (read_connector, connector(rest(rows="data"), ""), "E081", 2),
        (read_connector, connector(rest(headers="{Authorization: '${AFTERSHOW_SIGNING_KEY}'}")), "E015", 2),
        (read_connector, connector(rest(headers="{A: '${HOME}'}")), "E015", 2),
        (read_connector, connector("{rest: {url: ftp://a.example}}"), "E015", 2),
        (read_connector, connector("{files: {folder: AFTERSHOW_CONNECT_D, pattern: ../*.csv}}"), "E015", 2),
        (read_connector, connector("{files: {folder: AFTERSHOW_CONNECT_D, pattern: '*'}}"), "E015", 2),
        (read_connector, connector(KINGDEE, "\ncursor: FModifyDate\nkey: FID"), "E081", 2),
        (read_connector, connector(SQL, f"{ORDERED}\nzone: Asia/Shangai"), "E038", 5),
        (read_connector, connector(SQL, f"{ORDERED}\nevery: soon"), "E015", 5),
        (read_connector, connector(SQL, f"{ORDERED}\npage: 501"), "E015", 5),
        (read_connector, connector(SQL, map="\nmap: {type: order.paid, id: 'fen(no'}\n"), "E057", 5),
        (read_connector, connector(SQL, map="\nmap:\n- {type: a, id: x}\n- {type: b, id: '['}\n"), "E057", 7),
        (read_connector, connector(SQL, map="\nmap: {type: order.paid, id: no, customer: {mobile: no}}\n"), "E015", 5),
        (read_connector, connector(SQL, map="\nmap: {type: order.paid}\n"), "E011", 5),
        (read_connector, connector(SQL).replace("erp", "wms"), "E081", 1),
        (read_output, "output: bi\nof: [event]\nto: {webhook: crm}\n", "E014", 2),
        (read_output, "output: bi\nto: {webhook: crm, files: {folder: AFTERSHOW_CONNECT_D}}\n", "E018", 2),
        (read_output, "output: bi\nto: {files: {folder: /tmp}}\n", "E015", 2),
        (read_output, "output: crm\nto: {webhook: crm}\n", "E081", 1),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_line(read: Callable[[str, str], Any], text: str, code: str, line: int) -> None:
    value, found = read(text, "connectors/erp.yaml" if read is read_connector else "outputs/bi.yaml")
    assert value is None
    assert [(each.code, each.line) for each in found] == [(code, line)], found
    told = in_chinese(found[0].message)
    assert re.search("[一-鿿]", told), told
    assert not re.search(r"\b(?:must|the|this|needs|write|not)\b", re.sub(r'["“`{(].*?["”`})]', "", told)), told
