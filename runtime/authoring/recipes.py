"""New journeys from recipes: a journey, its texts, its journey test, and the coupons and segments it needs.

A recipe is a folder beside this module, in which NAME stands for the name of the journey to be made.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from api.journeys.recipes import Recipe
from runtime import StartError
from runtime.authoring.files import read_text
from workflows.language.policy import read_coupons, read_segments
from workflows.source.diagnostics import Diagnostic, did_you_mean, render
from workflows.terms.values import Language
from workflows.terms.written import NAME

HOME = Path(__file__).parent / "recipes"
POLICY = "_policy.yaml"

RECIPES: Mapping[str, tuple[str, str]] = {
    "new_customer": (
        "新客首单：道谢、用法、第 3 天复购券、到期提醒",
        "a first order: thanks, tips, a coupon, a reminder",
    ),
    "abandoned_cart": ("加购一小时未付：提醒、小券、一天后再催", "a cart not paid within the hour: two reminders"),
    "cross_sell": ("买了一类，推荐搭配的一类", "who bought one kind is shown what goes with it"),
    "clearance": ("临期清仓：同城买过同类的客户，直播专场", "stock about to expire, sold off in a show in its city"),
    "dormant": ("60 天没买：回归券，两周后再问一次", "no order for 60 days: a coupon, then one question"),
    "after_delivery": ("签收次日：保存方法与售后", "the day after delivery: how to keep it"),
    "refill": ("按买的数量算，快用完时提醒补货", "a reminder when what was bought runs out"),
    "birthday": ("生日前三天礼券，当天导购祝福", "a gift before the birthday, a call on the day"),
    "festival_presale": ("节前两周礼盒预售，节前五天再提醒", "gift boxes two weeks before a festival"),
    "show_invitation": ("直播排期后请常看未买的同城客户", "a show is planned: invite who watches and doesn't buy"),
    "feedback": ("签收三天后请评价，有回话导购跟进", "three days after delivery: how was it?"),
    "after_refund": ("退款：导购致歉，第七天送券", "a refund: a guide asks why, a coupon a week later"),
    "level_up": ("累计满 2000 元升金卡、道贺", "a new level when enough was spent"),
}
"""What each recipe is for, in Chinese and in English."""


@dataclass(frozen=True)
class Made:
    """The files that were written, and those to which entries were added."""

    written: list[Path]
    extended: list[Path]


def make_journey(name: str, recipe: str, specs: Path, templates: Path, tests: Path) -> Made:
    """Write a recipe's files as those of the journey `name`.

    Raises StartError, and writes nothing, if a name doesn't fit, a file is there already, or the shared document
    that an entry goes into has mistakes.
    """
    if recipe not in RECIPES:
        hint = did_you_mean(recipe, RECIPES) or "; `aftershow new --list` lists what there is"
        raise StartError(f"there is no recipe {recipe}{hint}")
    if not re.fullmatch(NAME, name):
        raise StartError(f"{name} is no name of a journey; write a letter first, then letters, digits, _ and -")
    home = HOME / recipe
    files = {specs / f"{name}.yaml": home / "NAME.yaml", tests / f"{name}.yaml": home / "NAME.test.yaml"}
    for text in sorted(home.glob("messages/*/*.j2")):
        files[templates / text.parent.name.replace("NAME", name) / text.name] = text
    there = [str(path) for path in files if path.exists()]
    if there:
        raise StartError(f"{', '.join(there)} is there already; take another name, or move it away")
    texts = {path: source.read_text("utf-8").replace("NAME", name) for path, source in files.items()}
    shared = dict(_shared(home, specs, name))
    for path, content in [*texts.items(), *shared.items()]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return Made(list(texts), list(shared))


def _shared(home: Path, specs: Path, name: str) -> Iterator[tuple[Path, str]]:
    """The shared documents with what the recipe needs of them added at the end."""
    if not (specs / POLICY).exists():
        yield specs / POLICY, (HOME / POLICY).read_text("utf-8")
    for source in sorted(home.glob("_*.yaml")):
        path, added = specs / source.name, source.read_text("utf-8").replace("NAME", name)
        before = ""
        if path.exists():
            text = read_text(path)
            if isinstance(text, Diagnostic):
                raise StartError(render(text))
            before = text if text.endswith("\n") or not text else f"{text}\n"
        read = read_coupons if source.stem == "_coupons" else read_segments
        known, diagnostics = read(before, str(path)) if before.strip() else ({}, [])
        if known and known.keys() >= (read(added, "")[0] or {}).keys():
            continue
        if known is None or read(before + added, str(path))[0] is None:
            mistakes = "\n".join(render(each, before) for each in diagnostics)
            raise StartError(f"{path} has mistakes, or no place for\n{added.rstrip()}\n{mistakes}".rstrip())
        yield path, before + added


def recipes_for(journey: str, lang: Language) -> list[Recipe]:
    """All recipes, with their journeys under this name; what else a recipe has isn't told."""
    return [
        Recipe(
            recipe=name,
            about=words[lang == "en"],
            text=(HOME / name / "NAME.yaml").read_text("utf-8").replace("NAME", journey),
        )
        for name, words in RECIPES.items()
    ]


def recipes_text(lang: Language) -> str:
    """One line for each recipe."""
    width = max(map(len, RECIPES))
    return "\n".join(f"{name:{width}}  {words[lang == 'en']}" for name, words in RECIPES.items())
