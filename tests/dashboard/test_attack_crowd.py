"""Attacks by numbers: more pages, sockets and slow clients than there are places."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest


def test_twenty_pages_without_a_browser_take_the_places_and_give_them_back(crowded):
    """Two get a page, the others a notice; there are never more processes than places and prepared pages."""

    async def load():
        return await asyncio.gather(*(crowded.get("/", Accept="text/html") for _ in range(20)))

    answers = asyncio.run(load())
    assert sorted(answer.code for answer in answers) == [200] * 2 + [503] * 18
    refused = next(answer for answer in answers if answer.code == 503)
    assert "All places are taken" in refused.body
    assert int(refused.headers["Retry-After"]) > 0
    assert len(crowded.kernels()) <= 3

    async def come_later():
        await (await crowded.open()).leave()

    asyncio.run(come_later())


def test_a_viewer_whose_process_is_gone_takes_no_place(crowded):
    """Two viewers whose kernels are killed make room for two more at once."""

    async def take_both():
        return [await crowded.open() for _ in range(2)]

    async def come_again():
        first, second = await take_both()
        for pid in crowded.kernels():
            os.kill(pid, signal.SIGKILL)
        for viewer in (*await take_both(), first, second):
            await viewer.leave()

    asyncio.run(come_again())


def test_a_hundred_and_fifty_slow_clients_hold_nobody_up(dashboard):
    """Beside 150 requests that never end and 50 sockets that say nothing, a visitor is answered."""
    with ExitStack() as held:
        for number in range(200):
            client = held.enter_context(socket.create_connection(("127.0.0.1", dashboard.port)))
            if number < 150:
                client.sendall(b"GET / HTTP/1.1\r\nHost: ")
        assert dashboard.ask("/nothing").code == 404


@pytest.mark.soak
def test_slow_clients_are_let_go(dashboard):
    """Each of 150 clients that send a byte a second is disconnected within the time a request may take."""

    async def trickle():
        reader, writer = await asyncio.open_connection("127.0.0.1", dashboard.port)
        writer.write(b"GET / HTTP/1.1\r\n")
        left = asyncio.ensure_future(reader.read())
        for _ in range(60):
            done, _ = await asyncio.wait([left], timeout=1)
            if done:
                break
            writer.write(b"X")
        writer.close()
        return left.done()

    async def crowd():
        return await asyncio.gather(*(trickle() for _ in range(150)))

    assert all(asyncio.run(crowd()))


@pytest.mark.soak
def test_a_silent_viewer_loses_the_place(crowded):
    """A page that stays connected and says nothing is let go, and its process ends."""

    async def sit():
        viewer = await crowded.open()
        while await viewer.read() is not None:
            pass
        return (await crowded.get(f"/api/kernels/{viewer.kernel_id}")).code

    assert asyncio.run(sit()) == 404


@pytest.mark.soak
def test_a_viewer_who_does_not_read_ends_nothing_but_the_own_page(crowded):
    """Two thousand questions for the whole state, none of the answers read: that page is let go, the others are not."""

    async def deaf():
        viewer, other = await crowded.open(), await crowded.open()
        await viewer.load()
        for _ in range(2_000):
            await viewer.send("comm_msg", {"comm_id": "control", "data": {"method": "request_states"}})
        states = await other.load()
        await other.leave()
        while await viewer.read() is not None:
            pass
        return states

    assert asyncio.run(deaf())
    status = Path(f"/proc/{crowded.process.pid}/status").read_text()
    assert int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) < 600_000
