"""Customers in the paths of routes, by their id or by what names them."""

from typing import Annotated

from fastapi import Path
from sqlmodel import Session

from api.http.problems import Invalid, NotFound
from domain.customers import resolution
from domain.customers.identifiers import IdentifierError
from domain.customers.tables import Customer

CustomerName = Annotated[
    str, Path(alias="id", max_length=300, description="the customer's id, or an identifier as `kind:value`")
]


def find_customer(session: Session, name: str, field: str = "id") -> Customer:
    """The customer of an id (`12`) or an identifier (`phone:13800000001`). Raises NotFound, and Invalid for neither,
    which tells the request's field.
    """
    try:
        customer = resolution.find_customer(session, name)
    except IdentifierError as error:
        detail = str(error) if ":" in name else "must be a customer's id, or an identifier like unionid:u1"
        raise Invalid(errors=[{"field": field, "reason": error.reason, "detail": detail}]) from None
    if customer is None:
        raise NotFound("There is no such customer.")
    return customer
