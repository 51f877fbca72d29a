"""Recipes that a new journey can be begun with: `/v1/recipes`."""

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from api.http.auth import require
from api.http.problems import Forbidden, Invalid, Unauthorized, Unavailable, documented
from api.journeys.routes import Lang
from domain.access.actors import Actor
from workflows.terms.values import Language
from workflows.terms.written import NAME


class Recipe(BaseModel):
    """A recipe: what it is for, and its journey as YAML under the name that was asked for."""

    recipe: str
    about: str
    text: str


Recipes = Callable[[str, Language], Sequence[Recipe]]
"""All recipes, for a journey of a name."""


def router(recipes: Recipes | None) -> APIRouter:
    """The route; without recipes there are none."""
    router = APIRouter(tags=["journeys"], responses=documented(Unauthorized, Forbidden, Invalid, Unavailable))

    @router.get("/v1/recipes", summary="List what a new journey can be begun with")
    def get_recipes(
        _: Annotated[Actor, Depends(require("journeys.publish"))],
        journey: Annotated[
            str, Query(min_length=1, max_length=64, pattern=rf"^{NAME}$", description="the new journey's name")
        ] = "new_journey",
        lang: Lang = "zh",
    ) -> list[Recipe]:
        """Nothing is written: the text is for a draft.

        Its texts, coupons and segments are named after the journey, and have to be there before it is published.
        """
        return list(recipes(journey, lang)) if recipes else []

    return router
