"""Alembic's entry: runs the migrations through the connection it is given."""

from alembic import context
from sqlmodel import SQLModel

from domain import tables  # noqa: F401 registers the models

context.configure(connection=context.config.attributes["connection"], target_metadata=SQLModel.metadata)
with context.begin_transaction():
    context.run_migrations()
