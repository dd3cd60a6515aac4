"""The process that children of the crash proof are forked from.

It has imported everything and opened nothing: no database, no lock, no thread of ours, no pool of polars (which starts
with its first use). So a child is what a new process is, half a second earlier. A child runs one task, a line of JSON;
its own lines and those about it (`born`, `dead`) go through the one pipe that is standard output.
"""

import json
import os
import sys
import traceback

import checker
import crowd
import work

from barscope.engine.registry import strategy_class
from barscope.indicators import indicator_class
from barscope.workspace import workspace  # noqa: F401  # imported here, so that no child has to

TASKS = {
    "make": work.make,
    "refer": work.refer,
    "work": work.work,
    "recover": work.recover,
    "die at the end of a long run": work.die_at_the_end_of_a_long_run,
    "check": checker.check,
    "crowd": crowd.crowd,
    "check crowd": crowd.check_crowd,
}


def main():
    """Forks a child for every line until there are no more."""
    indicator_class("SMA"), strategy_class("BuyAndHold")  # these registries load at the first question
    for line in sys.stdin:
        task = json.loads(line)
        pid = os.fork()
        if not pid:
            os._exit(_run(task))
        work.tell("born", pid=pid)
        _, status = os.waitpid(pid, 0)
        work.tell("dead", code=os.waitstatus_to_exitcode(status))


def _run(task):
    try:
        TASKS[task["task"]](task)
    except BaseException:  # noqa: BLE001  # whatever it was is told
        work.tell("error", text=traceback.format_exc()[-3000:])
        return 1
    return 0


if __name__ == "__main__":
    main()
