"""What an API process is told by its environment holds for those who call it."""

import pytest

from api.http.limits import Limits
from runtime.platform.serve import limits_of
from runtime.platform.settings import Settings


def settings(monkeypatch: pytest.MonkeyPatch, **told: str) -> Settings:
    monkeypatch.setenv("AFTERSHOW_DATABASE_URL", "postgresql://nowhere")
    for name, value in told.items():
        monkeypatch.setenv(f"AFTERSHOW_{name.upper()}", value)
    return Settings()


@pytest.mark.parametrize(
    ("told", "limits"),
    [
        ({}, Limits()),
        ({"body_limit": "70000"}, Limits(max_body_bytes=70_000)),
        ({"batch_limit": "20"}, Limits(max_batch=20)),
        ({"rate": "30"}, Limits(events_per_second=30)),
    ],
)
def test_each_limit_bounds_what_it_says(told: dict[str, str], limits: Limits, monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits_of(settings(monkeypatch, **told)) == limits
