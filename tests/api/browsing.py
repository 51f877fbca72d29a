"""A browser: it keeps its cookie, and shows what proves that it read an answer of its session."""

import asyncio
from typing import Any

import httpx
from fastapi import FastAPI

PASSWORD = "a good password"


class Browser:
    """Calls an app with the cookie that it was given, and with the session's CSRF token, if it knows one."""

    def __init__(self, app: FastAPI, address: str = "10.0.0.1") -> None:
        self._app = app
        self._address = address
        self.cookies = httpx.Cookies()
        self.csrf: str | None = None

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"x-csrf-token": self.csrf} if self.csrf else {}
        headers |= options.pop("headers", {})

        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, client=(self._address, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://test", cookies=self.cookies) as client:
                response = await client.request(method, path, headers=headers, **options)
                self.cookies = client.cookies
                return response

        return asyncio.run(call())

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def sign_in(self, login: str, password: str) -> httpx.Response:
        return self._begun(self.post("/v1/session", json={"login": login, "password": password}))

    def open_link(self, token: str) -> httpx.Response:
        return self._begun(self.post("/v1/session/link", json={"token": token}))

    def _begun(self, response: httpx.Response) -> httpx.Response:
        if response.status_code == 200:
            self.csrf = response.json()["csrf"]
        return response
