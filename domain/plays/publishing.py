"""Publishing a play: its version, which never changes, and the journeys that write what it announces."""

import hashlib
import json
from datetime import datetime

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from domain.plays.followers import letters_of
from domain.plays.tables import LivePlay, PlayVersion
from domain.published.library import mark_published
from domain.published.publishing import publish_journey
from workflows.language.compile import read_journey
from workflows.plays.model import Play


def publish_play(session: Session, play: Play, source: str, now: datetime) -> PlayVersion:
    """Make this the play's live version; instances that are open keep theirs. The same twice is one version."""
    mark_published(session)  # first, for its lock orders all that publish
    body = play.model_dump(mode="json")
    version_id = version_id_of(play)
    version = session.get(PlayVersion, version_id)
    if version is None:
        newest = session.exec(select(func.max(PlayVersion.version)).where(PlayVersion.play == play.play)).one()
        version = PlayVersion(
            id=version_id, play=play.play, version=(newest or 0) + 1, source=source, body=body, published_at=now
        )
        session.add(version)
        session.flush()
    live = insert(LivePlay).values(play=play.play, version_id=version_id)
    session.execute(live.on_conflict_do_update(index_elements=["play"], set_={"version_id": version_id}))
    for name, text in letters_of(play):
        plan = read_journey(text, name, None).plan
        if plan is not None:  # what it is made of was checked with the play
            publish_journey(session, plan, text, now)
    mark_published(session)
    return version


def version_id_of(play: Play) -> str:
    """What the play is published as: the hash of its content."""
    body = json.dumps(play.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(body.encode()).hexdigest()[:16]


def published_plays(session: Session) -> list[tuple[PlayVersion, str]]:
    """The live version of every play, by its name."""
    query = select(PlayVersion, LivePlay.play).join(LivePlay, col(LivePlay.version_id) == col(PlayVersion.id))
    return list(session.exec(query.order_by(col(LivePlay.play))).all())
