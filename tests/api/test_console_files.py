"""The console's files: what is kept for how long, and what a page may load."""

import gzip
import re
from pathlib import Path

import pytest
from browsing import Browser
from fastapi import FastAPI

from api.console.files import router
from api.http import problems


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text('<meta property="csp-nonce" nonce="__NONCE__"><script nonce="__NONCE__">')
    script = b"import('x');" * 50
    (tmp_path / "assets" / "main-abc.js").write_bytes(script)
    (tmp_path / "assets" / "main-abc.js.gz").write_bytes(gzip.compress(script))
    (tmp_path / "icon.svg").write_text("<svg/>")
    return tmp_path


@pytest.fixture
def browser(built: Path) -> Browser:
    app = FastAPI()
    problems.install(app)
    app.include_router(router(built))
    return Browser(app)


@pytest.mark.parametrize("path", ["/console", "/console/", "/console/journeys/cart", "/console/icon.txt"])
def test_every_address_is_the_one_page(browser: Browser, path: str) -> None:
    response = browser.get(path)
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-cache")
    assert response.headers["content-type"].startswith("text/html")


def test_each_answer_has_a_nonce_of_its_own(browser: Browser) -> None:
    nonces = set()
    for _ in range(2):
        response = browser.get("/console")
        (nonce,) = set(re.findall('nonce="([^"]+)"', response.text))
        assert f"style-src 'self' 'nonce-{nonce}'" in response.headers["content-security-policy"]
        nonces.add(nonce)
    assert len(nonces) == 2


def test_the_policy_lets_in_nothing_inline_and_nobody_else(browser: Browser) -> None:
    policy = browser.get("/console").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(r"unsafe|https?:|\*", policy)


def test_hashed_files_are_kept_for_ever_and_come_packed(browser: Browser, built: Path) -> None:
    plain = (built / "assets" / "main-abc.js").read_bytes()
    for accepted, encoding in (("gzip, br", "gzip"), ("identity", None)):
        response = browser.get("/console/assets/main-abc.js", headers={"accept-encoding": accepted})
        assert response.content == plain
        assert response.headers.get("content-encoding") == encoding
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "javascript" in response.headers["content-type"]


def test_a_file_that_is_no_more_is_not_the_page(browser: Browser) -> None:
    assert browser.get("/console/assets/main-old.js").status_code == 404


def test_without_a_build_it_says_what_builds_it(tmp_path: Path) -> None:
    app = FastAPI()
    problems.install(app)
    app.include_router(router(tmp_path))
    response = Browser(app).get("/console")
    assert response.status_code == 404
    assert "make setup" in response.json()["detail"]
