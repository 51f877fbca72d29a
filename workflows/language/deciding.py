"""A split is decided in a journey's text: one variant gets all the weight, and every other character stays."""

from workflows.source.tree import read_source


def with_winner(text: str, step: str, variant: str) -> str:
    """The text of a journey in which the split with this id, as written, gives everybody the variant.

    Raises LookupError if there is no such split or variant.
    """
    source = read_source(text, step)
    for node in source.root.walk() if source.root else ():
        id = node.get("id")
        if id is None or id.text != step or not node.below("split"):
            continue
        arms = node.below("split")
        weights = {arm.entries["variant"].text: arm.entries["weight"] for arm in arms}
        if variant not in weights:
            break
        for name, weight in sorted(weights.items(), key=lambda each: each[1].start, reverse=True):
            text = text[: weight.start] + ("100" if name == variant else "0") + text[weight.end :]
        return text
    raise LookupError(f"no split {step} with a variant {variant}")
