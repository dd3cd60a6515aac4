"""Any order of store work, with the process or the power dying in between: the stores hold what a dictionary would.

Nothing is killed here. The stores work on a disk that remembers each write (`simulated_disk`); a death is a copy of the
files as they were after some step of an operation, opened in another folder while the old stores still hold theirs.
That is what the kernel leaves of a process: every write it made, no lock (the lock files of the copy are nobody's), no
memory. Of a loss of power it leaves less, and so does the image. Real processes die in `tests/proof/crash` and in
`tests/integration/test_store_crash.py`.
"""

import shutil
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from repeatable_examples import repeatable
from simulated_disk import PowerLoss, RecordingDisk, drawn_by

from barscope.domain.bars import Bars
from barscope.errors import InvalidParameterError, PresetConflictError, StoreError, UnknownRunError
from barscope.store import database, run_writer
from barscope.store.presets import PresetStore
from barscope.store.runs import RunStore
from barscope.store.runs_schema import EVENT_TABLES

SIZES = [pytest.param(40, 25, id="suite"), pytest.param(300, 50, id="soak", marks=pytest.mark.soak)]
"""Examples, and steps of each."""

names = st.sampled_from(["a", "b", "c"])
values = st.one_of(st.integers(-9, 9), st.text(max_size=3))
chances = st.integers(0, 10**6)
lengths = st.integers(1, 60)
ENDS = ("completed", "failed", "cancelled")
STEPS = ("begin", "append", "complete", "drop", "delete", "save", "nothing")


@pytest.mark.parametrize(("examples", "steps"), SIZES)
def test_stores_hold_what_they_were_told_whatever_dies(monkeypatch, examples, steps):
    """Runs and presets equal a model in Python after every step, and after every death hold all that was promised."""
    monkeypatch.setattr(run_writer, "CHUNK_ROWS", 20)
    monkeypatch.setattr(database, "_SETTINGS", database._SETTINGS.replace("= 2000", "= 25"))
    run_state_machine_as_test(StoreMachine, settings=repeatable(examples, steps))


class StoreMachine(RuleBasedStateMachine):
    """The stores and what they should hold.

    `status` and `presets` are what was acknowledged. A step that dies on its way leaves what was before it, or what
    should be after it. `past` is what deleted runs were, and `history` what presets were: neither a deletion nor a
    preset waits for the disk, so a loss of power may bring back what was before.
    """

    def __init__(self):
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.lives = self.count = 0
        self.status, self.digests, self.presets = {}, {}, {}
        self.writers, self.ended = {}, []
        self.past, self.history = defaultdict(set), [{}]
        self.disk = None
        self.open({})

    def open(self, files):
        """Another life: stores on these files, in a folder of their own."""
        folder = self.root / str(self.lives)
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        self.lives += 1
        self.disk = RecordingDisk(f"life {self.lives} of {id(self)}")
        self.runs, self.store = RunStore(folder / "runs.db"), PresetStore(folder / "presets.db")

    def leave(self):
        """Lets go of the stores and their disk."""
        for writer in self.writers.values():
            writer.cancel(9)
        self.writers, self.ended = {}, []
        self.runs.close()
        self.store.close()
        self.disk.unregister()

    def teardown(self):
        """Nothing stays behind."""
        self.leave()
        shutil.rmtree(self.root)

    # ---- what people do

    @rule(chance=chances, n=lengths)
    def begin(self, chance, n):
        """A run begins, and records the bars of a symbol."""
        self.new_run(chance, n)

    def new_run(self, chance, n):
        """The id of a run that begins here."""
        self.count += 1
        run_id = f"r{self.count}"
        self.writers[run_id] = self.runs.begin(run_id, "n", self.count, {})
        self.status[run_id] = "running"
        self.append(chance, n)
        return run_id

    @rule(chance=chances, n=lengths)
    def append(self, chance, n):
        """A run records the bars of another symbol."""
        run_id = self.recorded(chance)
        self.count += 1
        ts = np.arange(n)
        column = np.random.default_rng(chance).normal(size=n)
        bars = Bars(ts, column, column, column, column, ts)
        writer = self.writers[run_id]
        writer.append_processed(f"S{self.count}", "DAY", bars, {"x": column}, 1, as_received=bool(chance % 2))

    @rule(chance=chances)
    def complete(self, chance):
        """A run ends well."""
        run_id = self.recorded(chance)
        writer = self.writers.pop(run_id)
        writer.complete(1, {})
        self.ended.append(writer)
        self.status[run_id] = "completed"
        self.digests[run_id] = self.runs.get(run_id).metadata["digest"]

    @rule(chance=chances, cancelled=st.booleans())
    def drop(self, chance, cancelled):
        """A run is cancelled or fails."""
        run_id = self.recorded(chance)
        writer = self.writers.pop(run_id)
        _ = writer.cancel(1) if cancelled else writer.fail(1, {"reason": "error"})
        self.ended.append(writer)
        self.status[run_id] = "cancelled" if cancelled else "failed"

    @precondition(lambda self: self.status)
    @rule(chance=chances)
    def delete(self, chance):
        """A result is removed, unless the run is still recorded."""
        run_id = self.pick(self.status, chance)
        if run_id in self.writers:
            with pytest.raises(StoreError, match="is being recorded"):
                self.runs.delete([run_id])
        else:
            self.runs.delete([run_id, "nobody"])
            self.past[run_id].add(self.status.pop(run_id))

    @precondition(lambda self: self.status)
    @rule(chance=chances)
    def misuse(self, chance):
        """An id that is taken is refused, a writer that has ended writes nothing, and nobody living is recovered."""
        with pytest.raises(StoreError, match="exists already"):
            self.runs.begin(self.pick(self.status, chance), "n", 1, {})
        if self.ended:
            with pytest.raises(StoreError, match="has ended"):
                self.ended[-1].complete(1, {})
            with pytest.raises(StoreError, match="has ended"):
                self.ended[-1].cancel(1)
        assert self.runs.recover() == ()

    @rule(name=names, value=values)
    def save(self, name, value):
        """A preset is saved."""
        self.store.chart_settings.set(name, value)
        self.tell({**self.presets, name: value})

    @rule(name=names, new=names)
    def rename(self, name, new):
        """A preset gets another name, unless there is none, or the name is taken."""
        if name not in self.presets or (new != name and new in self.presets):
            with pytest.raises(InvalidParameterError):
                self.store.chart_settings.rename(name, new)
        else:
            self.store.chart_settings.rename(name, new)
            self.tell({new if key == name else key: value for key, value in self.presets.items()})

    @rule(name=names, guess=st.none() | values, after=st.none() | values, knows=st.booleans())
    def change(self, name, guess, after, knows):
        """A preset is changed or removed by somebody who knows what it is, or guesses."""
        before = self.presets.get(name) if knows else guess
        if before == self.presets.get(name):
            self.store.chart_settings.change(name, before, after)
            kept = {key: value for key, value in self.presets.items() if key != name}
            self.tell(kept if after is None else {**kept, name: after})
        else:
            with pytest.raises(PresetConflictError):
                self.store.chart_settings.change(name, before, after)

    @precondition(lambda self: not self.writers)
    @rule()
    def reopen(self):
        """The stores are closed and opened again."""
        folder = self.runs.database.path.parent
        self.runs.close()
        self.store.close()
        self.runs, self.store = RunStore(folder / "runs.db"), PresetStore(folder / "presets.db")

    # ---- what happens to them

    @rule(chance=chances, step=st.sampled_from(STEPS), power=st.booleans())
    def die(self, chance, step, power):
        """The process, or the power, is gone in the middle of a step; the next process recovers."""
        before, start = dict(self.status), len(self.disk.log)
        doing = self.do(step, chance)
        rng = drawn_by(f"{chance}")
        left = PowerLoss(self.disk.log)
        left.advance(rng.randint(start, len(self.disk.log)))
        image = left.image(rng, None if power else 1)
        after = dict(self.status)
        self.leave()
        self.open(image)
        dead = self.runs.recover()
        self.status = {run.run_id: run.status for run in self.runs.list_runs()}
        assert all(self.status[run_id] == "failed" for run_id in dead)
        for run_id in before | after | self.status:
            told = {before.get(run_id), after.get(run_id)}
            possible = {_after_death(status) for status in told}
            if run_id not in before or (step == "delete" and run_id == doing):
                possible.add("failed")  # it was begun on the way, or counted as running while it was removed
            if power and not told <= set(ENDS):
                possible |= {None, "failed", *self.past[run_id]}  # begun or deleted, but not durably
            assert self.status.get(run_id) in possible, f"{run_id} is {self.status.get(run_id)}, not of {possible}"
        self.check_files()
        saved = self.saved()
        assert saved in (self.history if power else self.history[-2 if step == "save" else -1 :])
        self.presets, self.history = saved, [saved]

    def do(self, step, chance):
        """A step on the way to a death; the run it is about, if any."""
        match step:
            case "begin":
                return self.new_run(chance, 50)
            case "append":
                self.append(chance, 50)
            case "complete":
                self.complete(chance)
            case "drop":
                self.drop(chance, cancelled=True)
            case "delete":
                run_id = self.pick(self.status, chance) if self.status else self.new_run(chance, 50)
                self.delete(chance)
                return run_id
            case "save":
                self.save("a", chance % 9)
        return None

    # ---- what has to be true

    @invariant()
    def everything_is_as_told(self):
        """Runs and presets are those of the model; what is not completed shows nothing."""
        assert {run.run_id: run.status for run in self.runs.list_runs()} == self.status
        assert self.saved() == self.presets
        for run_id, status in self.status.items():
            assert self.runs.owned(run_id) == (run_id in self.writers)
            if status == "completed":
                assert self.runs.get(run_id).metadata["digest"] == self.digests[run_id]
                assert self.runs.verify(run_id)
            else:
                with pytest.raises(UnknownRunError):
                    self.runs.symbols(run_id)
        ended = [run_id for run_id, status in self.status.items() if status in ("failed", "cancelled")]
        marks = ", ".join("?" * len(ended))
        for table in (*EVENT_TABLES, "run_columns"):
            assert not self.runs.database.rows(f"SELECT 1 FROM {table} WHERE run_id IN ({marks}) LIMIT 1", ended)  # noqa: S608

    def check_files(self):
        """The files are sound."""
        for store in (self.runs, self.store):
            verdict = store.database.rows("PRAGMA integrity_check") + store.database.rows("PRAGMA foreign_key_check")
            assert verdict == [("ok",)]

    def saved(self):
        """The presets that are there."""
        return dict(self.store.chart_settings.list())

    def tell(self, presets):
        """The presets are these now."""
        self.presets = presets
        self.history.append(presets)

    def recorded(self, chance):
        """A run that is recorded, begun if there is none."""
        return self.pick(self.writers, chance) if self.writers else self.new_run(chance, 30)

    @staticmethod
    def pick(among, chance):
        """One of them."""
        return sorted(among)[chance % len(among)]


def _after_death(status):
    """What becomes of the status of a run when its process dies."""
    return "failed" if status == "running" else status
