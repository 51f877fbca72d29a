"""YAML's events, from ruamel.yaml with a scanner that doesn't look again for what can't have changed.

Before each token it asks whether an earlier one was a key; the answer changes only as the text is read on. Its parts
find each other through properties that look for old ways of loading first; here they are set.
"""

from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.parser import Parser
from ruamel.yaml.scanner import Scanner


class _Scanner(Scanner):
    reader: Any = None
    scanner_processing_version = (1, 2)

    def __init__(self, loader: Any) -> None:
        self.reader = loader.reader
        self._looked_at = -1
        super().__init__(loader)

    def need_more_tokens(self) -> bool:
        if self.done or not self.tokens:
            return not self.done
        keys = self.possible_simple_keys
        if keys and self.reader.index != self._looked_at:
            self.stale_possible_simple_keys()
            self._looked_at = self.reader.index
        return bool(keys) and min([key.token_number for key in keys.values()]) == self.tokens_taken

    def check_token(self, *choices: Any) -> bool:
        while self.need_more_tokens():
            self.fetch_more_tokens()
        return bool(self.tokens) and (not choices or isinstance(self.tokens[0], choices))


class _Parser(Parser):
    scanner: Any = None

    def __init__(self, loader: Any) -> None:
        super().__init__(loader)
        self.scanner = loader.scanner


def events_of(text: str) -> Iterator[Any]:
    """The events of a YAML text. Raises YAMLError at what is none."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Scanner, yaml.Parser = _Scanner, _Parser
    events: Iterator[Any] = yaml.parse(text)
    return events
