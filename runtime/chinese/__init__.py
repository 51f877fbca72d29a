"""What the command line says, in Chinese: one catalogue, by the English sentence with its places in braces.

A line is looked up by itself, without its indent; what stands in a place, if it is a phrase of a catalogue, is put into
Chinese too. Names, keys and codes stay as they are.
"""

from domain.catalogue.chinese import FAULTS
from domain.connectors.chinese import CHINESE as OF_CONNECTORS
from runtime.chinese.operating import OPERATING
from runtime.chinese.sentences import SENTENCES
from workflows.source.chinese import SENTENCES as DIAGNOSTICS
from workflows.source.translating import translator

_told = translator({**OF_CONNECTORS, **FAULTS, **DIAGNOSTICS, **OPERATING, **SENTENCES})


def in_chinese(text: str) -> str:
    """The text in Chinese, line by line; a line that isn't in the catalogue stays as it is."""
    return "\n".join(f"{line[: len(line) - len(line.lstrip())]}{_told(line.strip())}" for line in text.split("\n"))
