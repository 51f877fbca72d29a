"""JSON bodies of requests, read strictly into models."""

from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from api.http.problems import Invalid
from domain.catalogue.strictjson import Flaw, MalformedError, find_flaw, parse

T = TypeVar("T", bound=BaseModel)


async def read_json(request: Request, model: type[T]) -> T:
    """The body as a model. Raises BodyTooLarge, or Invalid with every field that is wrong."""
    body = await request.body()
    try:
        value = parse(body)
    except MalformedError as error:
        raise _invalid(error.flaw) from None
    if flaw := find_flaw(value):
        raise _invalid(flaw)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=False, include_input=False)
        raise _invalid(
            *(Flaw(".".join(map(str, fault["loc"])), fault["type"], fault["msg"]) for fault in errors)
        ) from None


def described(model: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI's `requestBody` for a route that reads this model."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    inlined = _inlined(schema, schema.pop("$defs", {}))
    content = {"application/json": {"schema": inlined, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


def _inlined(part: Any, models: dict[str, Any]) -> Any:
    if isinstance(part, dict):
        if "$ref" in part:
            return _inlined(models[part["$ref"].rpartition("/")[2]], models)
        named = "discriminator" if "oneOf" in part else None  # which names the models that are inlined here
        return {name: _inlined(item, models) for name, item in part.items() if name != named}
    return [_inlined(value, models) for value in part] if isinstance(part, list) else part


def _invalid(*flaws: Flaw) -> Invalid:
    return Invalid(errors=[{"field": flaw.field, "reason": flaw.reason, "detail": flaw.detail} for flaw in flaws])
