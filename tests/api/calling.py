"""Calling an app without a socket."""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI


@dataclass
class Caller:
    """Calls an app with a key."""

    app: FastAPI
    secret: str

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = options.pop("raw_headers", None)
        if headers is None:
            headers = httpx.Headers({"authorization": f"Bearer {self.secret}"})
            headers.update(options.pop("headers", {}))

        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, path, headers=headers, **options)

        return asyncio.run(call())

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str = "/v1/events", **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)
