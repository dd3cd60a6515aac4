"""Panels that are opened, used and closed again and again leave no widget, no channel to the browser and no memory."""

from __future__ import annotations

import pytest
from real_kernel import RealKernel

SIZES = [pytest.param(4, id="suite"), pytest.param(100, id="soak", marks=pytest.mark.soak)]
MOST_MB = 15
"""What the second half of the openings may add, however many they are: less than one panel with a chart takes."""

PREPARE = """
import asyncio, gc, weakref
import barscope as bs
from barscope.ingest import synthetic_bars
from ipywidgets.widgets.widget import _instances

ws = bs.Workspace({folder!r})
publisher = ws.secmaster.ensure_publisher("synthetic", "SYNTHETIC.RANDOM-WALK", "XNYS").publisher_id
ws.secmaster.write(publisher, [synthetic_bars("SYN-A", sessions={sessions}, seed=7)])
chosen = dict(symbols=["SYN-A"], rtype=33, publisher_id=publisher)
run = ws.explore(bs.ExplorerRequest(**chosen, indicators=[bs.IndicatorConfig(class_name="RSI")])).result()
panels = weakref.WeakSet()

def live():
    kernel, callbacks = get_ipython().kernel, get_ipython().events.callbacks.values()
    return {{
        "comms": len(kernel.comm_manager.comms),
        "widgets": len(_instances),
        "listeners": sum(map(len, callbacks)),
        "panels": len(panels),
        "timers": len(asyncio.get_running_loop()._scheduled),
    }}

def memory_mb():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6

async def until(condition):
    while not condition():
        await asyncio.sleep(0.005)

def open_and_close(name):
    panel = getattr(ws, name)()
    panels.add(panel)
    opened = live()["widgets"]
    panel.close()
    return opened

async def use_and_close():
    panel = ws.runs_panel()
    panels.add(panel)
    await until(lambda: panel.table.row_keys)
    panel.open(run.run_id)
    await until(lambda: panel.results.view is not None)
    opened = live()["widgets"]
    panel.close()
    return opened

async def settle():
    await until(lambda: not ws.reads.live() + ws.proofs.live())
    await asyncio.sleep(0.2)  # a cancelled timer leaves the loop when its time comes
    gc.collect()
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """A kernel with a workspace in which a run of some 20,000 bars is recorded."""
    home = tmp_path_factory.mktemp("widget-leak")
    kernel = RealKernel(home / "home")
    try:
        kernel.run(PREPARE.format(folder=str(home / "ws"), sessions=50))
        yield kernel
    finally:
        kernel.close()


def again_and_again(kernel, call, times):
    """Open and close so many times; what is alive before and after all, and the memory that the second half added."""
    kernel.run("await settle()\nstart = live()")
    for half in ("first", "second"):
        kernel.run(f"for _ in range({times // 2}):\n    opened = {call}", timeout=600)
        kernel.run(f"await settle()\n{half} = memory_mb()")
    assert kernel.value("opened") > 50, "it has opened nothing"
    return kernel.value("start"), kernel.value("live()"), kernel.value("second - first")


@pytest.mark.parametrize("times", SIZES)
@pytest.mark.parametrize("name", ["splits", "explorer", "backtest", "sweep", "runs", "quality", "scenario"])
def test_a_panel_that_is_closed_is_gone(kernel, name, times):
    """Opened and closed again and again: as many widgets, channels, listeners and timers as before, and the memory."""
    before, after, added = again_and_again(kernel, f"open_and_close('{name}_panel')", times)
    assert after == before
    assert added < MOST_MB, f"{added:.1f} MB more after {times} openings"


@pytest.mark.parametrize("times", SIZES)
def test_a_panel_with_a_run_open_is_gone(kernel, times):
    """With a run read and its chart drawn in it: the same."""
    before, after, added = again_and_again(kernel, "await use_and_close()", times)
    assert after == before
    assert added < MOST_MB, f"{added:.1f} MB more after {times} openings"
