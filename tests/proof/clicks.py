"""Clicks on a button in a real kernel, while an exploration is recorded in it."""

from __future__ import annotations

import gc
import time

PREPARE = """
import barscope as bs
import ipywidgets as widgets
from barscope.ingest import synthetic_bars

ws = bs.Workspace({folder!r})
publisher = ws.secmaster.ensure_publisher("synthetic", "SYNTHETIC.RANDOM-WALK", "XNYS").publisher_id
ws.secmaster.write(publisher, [synthetic_bars("SYN-A", start_date="2000-01-03", sessions={sessions}, seed=7)])
chosen = dict(symbols=["SYN-A"], rtype=33, publisher_id=publisher)
names = ("SimpleMovingAverage", "BollingerUpper", "RSI", "ATR")
asked = bs.ExplorerRequest(**chosen, indicators=[bs.IndicatorConfig(class_name=name) for name in names])
button, label = widgets.Button(), widgets.Label()

def answer(_button):
    label.value = str(int(label.value or 0) + 1)

button.on_click(answer)
"""
CLICK = {"method": "custom", "content": {"event": "click"}}


def click(kernel, button, label):
    """Click as the browser does; the seconds until the label has another text."""
    client = kernel.client
    begin = time.perf_counter()
    message = client.session.msg("comm_msg", {"comm_id": button, "data": CLICK})
    client.shell_channel.send(message)
    while True:
        heard = client.get_iopub_msg(timeout=60)
        if heard["msg_type"] == "comm_msg" and heard["content"]["comm_id"] == label:
            return time.perf_counter() - begin


def clicks_while_recording(kernel, folder, sessions):
    """Explore and record so many sessions of minutes, and click all the while: the seconds each answer took."""
    kernel.run(PREPARE.format(folder=str(folder), sessions=sessions))
    button, label = kernel.value("[button.comm.comm_id, label.comm.comm_id]")
    kernel.run("job = ws.explore(asked)")
    waited = []
    gc.freeze()  # a collection here, over all that pytest has imported, would count as the kernel's
    while kernel.value("str(job.snapshot.status)") in ("queued", "running"):
        waited.append(click(kernel, button, label))
    gc.unfreeze()
    assert kernel.value("str(job.snapshot.status)") == "completed"
    return waited
