"""Errors of callbacks are shown, polling rests, markup of users stays text."""

from __future__ import annotations

import asyncio
import threading

import ipywidgets as widgets
import pytest

from barscope.errors import InvalidParameterError
from barscope.widgets.guard import Guard
from barscope.widgets.notices import MOST, Notices, close_all
from barscope.widgets.poller import Poller


def fail(error):
    """A callback that raises."""

    def callback(*_args):
        raise error

    return callback


def test_errors_on_purpose_speak_for_themselves():
    """An error of barscope's own is shown with its message alone."""
    guard = Guard()
    assert guard(fail(InvalidParameterError("period is 0")))() is None
    assert guard.notices.messages == ("period is 0",)


def test_unexpected_errors_are_named_with_their_traceback():
    """Any other error is shown with its type, and where it happened on request."""
    guard = Guard()
    guard(fail(KeyError("x")))()
    assert guard.notices.messages == ("KeyError: 'x'",)
    notice = guard.notices.widget.children[0]
    assert "in callback" in notice.children[1].value
    assert notice.children[1].layout.display == "none"
    notice.children[0].children[1].value = True
    assert notice.children[1].layout.display == ""


def test_a_guarded_callback_returns_what_it_returns():
    """A callback that works is not changed by its guard."""
    assert Guard()(lambda a, b: a + b)(1, b=2) == 3


def test_callbacks_run_one_at_a_time():
    """Two threads never are inside the callbacks of one panel at once."""
    guard, inside, most = Guard(), [], []
    both_started = threading.Barrier(2)

    @guard
    def callback():
        inside.append(1)
        most.append(len(inside))
        inside.pop()

    def work():
        both_started.wait()
        for _ in range(200):
            callback()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert len(most) == 400


def test_messages_are_text():
    """Markup in a message is shown as it was written, never run."""
    notices = Notices()
    notices.show("<img src=x onerror=alert(1)>", "<script>")
    line, details = notices.widget.children[0].children
    assert line.children[0].value == "&lt;img src=x onerror=alert(1)&gt;"
    assert details.value == "&lt;script&gt;"


def test_messages_do_not_pile_up():
    """The same message is shown once, and beyond five the oldest goes."""
    notices = Notices()
    notices.show("same")
    notices.show("same")
    assert notices.messages == ("same",)
    for n in range(MOST):
        notices.show(str(n))
    assert notices.messages == ("4", "3", "2", "1", "0")


def test_a_message_can_be_dismissed():
    """The button of a message takes that one away."""
    notices = Notices()
    notices.show("one")
    notices.show("two")
    notices.widget.children[0].children[0].children[2].click()
    assert notices.messages == ("one",)
    notices.clear()
    assert notices.widget.children == ()


def test_close_all_closes_everything_inside():
    """A closed part of a panel leaves no widget, layout or style behind."""
    button = widgets.Button()
    box = widgets.VBox([widgets.HBox([button])])
    close_all(box)
    assert button.comm is None
    assert button.layout.comm is None
    assert button.style.comm is None
    assert box.comm is None


def test_poller_looks_until_nothing_more_comes():
    """A woken poller calls its step again and again, and rests once that returns False."""
    left = [True, True, False]
    done = asyncio.Event()

    def step():
        more = left.pop(0)
        if not more:
            done.set()
        return more

    async def main():
        poller = Poller(step, interval=0.001)
        poller.wake()
        poller.wake()
        await asyncio.wait_for(done.wait(), 5)
        await asyncio.sleep(0)
        return poller.is_resting

    assert asyncio.run(main())
    assert left == []


def test_poller_can_be_woken_from_another_thread():
    """A thread that is not the loop's may wake the poller."""
    called = []

    async def main():
        seen = asyncio.Event()
        poller = Poller(lambda: called.append(threading.current_thread()) or seen.set(), interval=0.001)
        await asyncio.to_thread(poller.wake)
        await asyncio.wait_for(seen.wait(), 5)

    asyncio.run(main())
    assert called == [threading.main_thread()]


def test_stopped_poller_never_looks_again():
    """After stop nothing is called, woken or not."""
    called = []

    async def main():
        poller = Poller(lambda: called.append(1), interval=0)
        poller.wake()
        poller.stop()
        poller.wake()
        for _ in range(10):
            await asyncio.sleep(0)

    asyncio.run(main())
    assert called == []


@pytest.mark.parametrize("call", ["wake", "stop"])
def test_poller_without_a_loop_does_nothing(call):
    """Under plain Python there is no loop, and waking or stopping is harmless."""
    poller = Poller(lambda: pytest.fail("called"))
    getattr(poller, call)()
    assert poller.is_resting
