"""A process that calls the API as fast as it is answered, and takes little of the machine for it."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from urllib.parse import urlsplit


def driver() -> ProcessPoolExecutor:
    """A process to send from."""
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


TAKEN = (b"200", b"202")
REFUSED = (b"429", b"503")


def drive(
    url: str, key: str, bodies: Sequence[bytes], connections: int, answers: Sequence[bytes] = TAKEN
) -> tuple[float, list[float]]:
    """Post the bodies, without a key if it is empty, by another scheme than Bearer if it names one.

    Returns how long all took, and each, in seconds.

    Raises ValueError at any other answer.
    """
    return asyncio.run(_post_all(url, key, bodies, connections, answers))


async def _post_all(
    url: str, key: str, bodies: Sequence[bytes], connections: int, answers: Sequence[bytes]
) -> tuple[float, list[float]]:
    waiting, spans = iter(bodies), list[float]()
    begin = time.perf_counter()
    await asyncio.gather(*(_post_each(url, key, waiting, spans, answers) for _ in range(connections)))
    return time.perf_counter() - begin, spans


async def _post_each(url: str, key: str, bodies: Iterator[bytes], spans: list[float], answers: Sequence[bytes]) -> None:
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    authorization = f"Authorization: {key if ' ' in key else f'Bearer {key}'}\r\n" if key else ""
    target = f"{address.path}?{address.query}" if address.query else address.path
    for body in bodies:
        begin = time.perf_counter()
        head = (
            f"POST {target} HTTP/1.1\r\nHost: benchmark\r\n{authorization}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        rest = await reader.readexactly(int(length.partition(b":")[2]))
        if answer.split(b" ", 2)[1] not in answers:
            raise ValueError(rest.decode())
        spans.append(time.perf_counter() - begin)
    writer.close()
