"""The power fails at any moment: what was acknowledged as durable is there, and no database is broken."""

import hashlib
import subprocess
from contextlib import closing, contextmanager, nullcontext

import apsw
import numpy as np
import pytest
from simulated_disk import PowerLoss, RecordingDisk, Sync, UnsyncedDisk, drawn_by, installed, setting_fixed

from barscope.domain.bars import Bars, FixedPointBars
from barscope.domain.batches import BarBatch
from barscope.domain.time import TimeRange
from barscope.errors import BarscopeError, StoreError
from barscope.store import database, run_writer
from barscope.store.presets import PresetStore
from barscope.store.runs import RunStore
from barscope.store.runs_schema import EVENT_TABLES
from barscope.store.secmaster import SecurityMaster

SEED = 20261121
SIZES = [pytest.param(3, 100, id="suite"), pytest.param(20, 250, id="soak", marks=pytest.mark.soak)]
"""Recorded sessions, and images of each."""


@pytest.fixture
def small_steps(monkeypatch):
    """Few rows make several transactions, and a short log is taken into its file: the code is the same."""
    monkeypatch.setattr(run_writer, "CHUNK_ROWS", 40)
    monkeypatch.setattr(database, "_SETTINGS", database._SETTINGS.replace("= 2000", "= 25"))


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize(("sessions", "images"), SIZES)
def test_no_acknowledged_run_is_lost_and_no_database_broken_when_the_power_fails(tmp_path, sessions, images):
    """From every image the real stores open, recover, and hold all that was promised, and no half of anything."""
    faults = []
    for session in range(sessions):
        log = record(tmp_path / str(session), f"{SEED}/{session}")
        faults += examine(log, f"{SEED}/{session}", images, tmp_path / "image")
    assert not faults, "\n".join(faults)


@pytest.mark.usefixtures("small_steps")
def test_without_syncs_the_same_images_report_losses(tmp_path):
    """With synchronous=OFF, which no store code can undo, acknowledged runs get lost: the proof above can fail."""
    log = record(tmp_path / "off", f"{SEED}/0", setting_fixed("synchronous", "off"))
    assert any("lost" in fault for fault in examine(log, f"{SEED}/0", 30, tmp_path / "image"))


def test_a_database_whose_creation_the_power_cut_is_created_again(tmp_path):
    """The first sector never came, the journal that undoes the rest is there: that is no file of another program."""
    disk = RecordingDisk()
    (tmp_path / "old").mkdir()
    with installed(disk):
        RunStore(tmp_path / "old" / "runs.db").close()
    power = PowerLoss(disk.log)
    power.advance(disk.log.index(Sync(file=1)))  # the first file is the database itself
    image = power.image(drawn_by("all of it"), kept=1)
    image["runs.db"][:512] = bytes(512)
    remake(tmp_path / "image", image)
    with closing(RunStore(tmp_path / "image" / "runs.db")) as runs:
        runs.begin("r", "n", 1, {}).complete(2, {})
        assert runs.verify("r")


def test_a_database_that_lost_its_first_sector_while_its_log_was_taken_in_is_whole(tmp_path):
    """A checkpoint was cut: the file alone looks like no database, with its log it is one."""
    with closing(RunStore(tmp_path / "runs.db")) as runs:
        runs.begin("r", "n", 1, {}).complete(2, {})
        runs.database.connection().execute("PRAGMA user_version = 1").fetchall()  # the first page is in the log
        subprocess.run(["cp", "-r", tmp_path, tmp_path.with_name("image")], check=True)
    image = tmp_path.with_name("image") / "runs.db"
    with image.open("r+b") as file:
        file.write(b"rubbish" * 73)
    with closing(RunStore(image)) as runs:
        assert runs.verify("r")


def test_a_damaged_index_ends_recovery_by_name_and_not_never(tmp_path):
    """An index that lists rows that are not there: recovery says so, it does not remove them for ever."""
    path = tmp_path / "runs.db"
    with closing(RunStore(path)) as runs:
        runs.begin("r", "n", 1, {})
        with runs.database.atomic() as connection:
            connection.execute("INSERT INTO bars VALUES (1, 'r', 1, 1, 'A', 'DAY', 1, 1, 1, 1, 1)")
    with closing(apsw.Connection(str(path))) as connection:
        (index,) = connection.execute("SELECT * FROM sqlite_schema WHERE name = 'bars_symbol'").fetchall()
        connection.execute(
            "PRAGMA writable_schema = 1; DELETE FROM sqlite_schema WHERE name = 'bars_symbol'"
        ).fetchall()
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("DELETE FROM bars; PRAGMA writable_schema = 1").fetchall()
        connection.execute("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", index)
    with closing(RunStore(path)) as runs, pytest.raises(StoreError, match="is damaged"):
        runs.recover()


class Stores:
    """The three databases of a workspace in a folder."""

    def __init__(self, folder):
        self.runs = RunStore(folder / "runs.db")
        self.presets = PresetStore(folder / "presets.db")
        self.secmaster = SecurityMaster(folder / "secmaster.db")

    def databases(self):
        """Each by its name."""
        return {store.database.path.name: store.database for store in (self.runs, self.presets, self.secmaster)}

    def close(self):
        """Closes what is open."""
        for store in (self.runs, self.presets, self.secmaster):
            store.close()


def record(folder, seed, settings=None):
    """The log of a session of store work, with what was intended and what was acknowledged."""
    folder.mkdir()
    disk = RecordingDisk()
    with installed(disk), settings or nullcontext():
        work = Work(folder, drawn_by(seed), disk.note)
        try:
            work.go_on(25)
        finally:
            log = list(disk.log)
            work.end()
    return log


class Work:
    """What people do with a workspace, drawn at random.

    Before each step it notes what it intends, and after, that it was acknowledged.
    """

    def __init__(self, folder, rng, note):
        self.folder, self.rng, self.note = folder, rng, note
        self.stores = Stores(folder)
        self.numbers = np.random.default_rng(rng.getrandbits(32))
        self.writers, self.done, self.saved, self.stored = {}, [], {}, {}
        self.count = 0

    def go_on(self, steps):
        """So many things."""
        deeds = [self.begin, self.append, self.append, self.complete, self.complete, self.drop, self.delete, self.save,
                 self.ingest, self.checkpoint, self.reopen]  # fmt: skip
        for _ in range(steps):
            self.rng.choice(deeds)()

    def end(self):
        """Closes everything, after the record."""
        for writer in self.writers.values():
            writer.cancel(9)
        self.stores.close()

    def begin(self):
        """A run begins."""
        self.count += 1
        run_id = f"r{self.count}"
        self.writers[run_id] = self.stores.runs.begin(run_id, "n", self.count, {"mode": "exploration"})
        self.append(run_id)

    def append(self, run_id=None):
        """A run records the bars of another symbol."""
        if not self.writers:
            return
        writer = self.writers[run_id or self.rng.choice(sorted(self.writers))]
        n = self.rng.randint(1, 150)
        ts = np.arange(n)
        prices = [self.numbers.normal(size=n) for _ in range(4)]
        bars = Bars(ts, *prices, ts)
        self.count += 1
        writer.append_processed(f"S{self.count}", "DAY", bars, {"x": prices[0]}, 1, as_received=self.rng.random() < 0.5)

    def complete(self):
        """A run ends well."""
        if not self.writers:
            self.begin()
        run_id = self.rng.choice(sorted(self.writers))
        writer = self.writers.pop(run_id)
        self.note(("completing", run_id, writer._digest.hexdigest()))
        writer.complete(self.count, {})
        self.note(("completed", run_id))
        self.done.append(run_id)

    def drop(self):
        """A run fails or is cancelled."""
        if self.writers:
            run_id = self.rng.choice(sorted(self.writers))
            writer = self.writers.pop(run_id)
            self.rng.choice([writer.cancel, lambda ts: writer.fail(ts, {"reason": "error"})])(self.count)

    def delete(self):
        """A result is removed."""
        if self.done and self.rng.random() < 0.5:
            run_id = self.done.pop(self.rng.randrange(len(self.done)))
            self.note(("deleting", run_id))
            self.stores.runs.delete([run_id])

    def save(self):
        """A preset is saved."""
        self.count += 1
        name, value = f"p{self.rng.randint(1, 4)}", ["x" * self.rng.randint(0, 20_000), self.count]
        self.saved = self.saved | {name: value}
        self.note(("saving", self.saved))
        self.stores.presets.chart_settings.set(name, value)

    def ingest(self):
        """Bars are stored."""
        self.count += 1
        n, symbol = self.rng.randint(1, 200), f"S{self.rng.randint(1, 3)}"
        ts = np.arange(n) + 1000 * self.count
        columns = [self.numbers.integers(1, 10**9, n)] * 4
        bars = FixedPointBars(ts, *columns, ts)
        self.stored = self.stored | {symbol: (*self.stored.get(symbol, ()), digest(bars.columns()))}
        self.note(("storing", self.stored))
        publisher = self.stores.secmaster.ensure_publisher("test", "TEST")
        batch = BarBatch(rtype=33, bars=bars, symbol=symbol, symbol_type="raw_symbol")
        self.stores.secmaster.write(publisher.publisher_id, [batch])
        self.note(("stored", self.stored))

    def checkpoint(self):
        """Takes a log into its file, now and then while somebody reads."""
        store = self.rng.choice([self.stores.runs, self.stores.presets, self.stores.secmaster])
        how = self.rng.choice(["PASSIVE", "FULL", "RESTART", "TRUNCATE"])
        with self.reader() if self.rng.random() < 0.3 and how == "PASSIVE" else nullcontext():
            store.database.connection().execute(f"PRAGMA wal_checkpoint({how})").fetchall()

    @contextmanager
    def reader(self):
        """Somebody sees runs.db as it was, while a run is recorded."""
        with closing(RunStore(self.folder / "runs.db", readonly=True)) as runs, runs.database.unchanging():
            runs.list_runs()
            self.append()
            yield

    def reopen(self):
        """Closes what can be closed while runs are recorded, and opens it again."""
        if not self.writers:
            self.stores.close()
            self.stores = Stores(self.folder)


def examine(log, seed, images, folder):
    """What is wrong with images of a disk at random moments; each fault says how to see it again."""
    found = []
    facts = [step.what for step in log if hasattr(step, "what")]
    power = PowerLoss(log)
    moments = {number: drawn_by(f"{seed}:{number}") for number in range(images)}
    cuts = {number: rng.randrange(1, len(log)) for number, rng in moments.items()}
    for number in sorted(cuts, key=cuts.__getitem__):
        power.advance(cuts[number])
        content = power.image(moments[number])
        where = f"seed {seed} image {number} (after step {cuts[number]} of {len(log)})"
        try:
            found += [f"{where}: {fault}" for fault in faults_of(content, facts, len(power.facts), folder)]
        except BarscopeError as error:
            found.append(f"{where}: refused: {error!r}")
    return found


def faults_of(content, facts, past, folder):
    """What is wrong with an image, given all facts of the session and how many of them were past."""
    remake(folder, content)
    with installed(UnsyncedDisk()), closing(Stores(folder)) as stores:
        stores.runs.recover()
        for name, file in stores.databases().items():
            verdict = file.rows("PRAGMA integrity_check") + file.rows("PRAGMA foreign_key_check")
            if verdict != [("ok",)]:
                yield f"{name} is broken: {verdict}"
        yield from faults_of_runs(stores.runs, facts, past)
        saved = dict(stores.presets.chart_settings.list())
        if saved not in [{}] + [fact[1] for fact in facts[:past] if fact[0] == "saving"]:
            yield f"presets are as they never were: {saved}"
        yield from faults_of_bars(stores.secmaster, facts, past)


def faults_of_runs(runs, facts, past):
    """What is wrong with recovered runs."""
    intended = {fact[1]: fact[2] for fact in facts[:past] if fact[0] == "completing"}
    promised = {fact[1] for fact in facts[:past] if fact[0] == "completed"}
    given_up = {fact[1] for fact in facts[:past] if fact[0] == "deleting"}
    there = {run.run_id: run for run in runs.list_runs()}
    for run_id in sorted(promised - given_up):
        if run_id not in there or there[run_id].status != "completed":
            yield f"acknowledged run {run_id} is lost"
    for run_id, run in there.items():
        if run.status == "running":
            yield f"run {run_id} is running without an owner"
        elif run.status == "completed" and not (
            runs.verify(run_id) and run.metadata["digest"] == intended.get(run_id) and run.problem is None
        ):
            yield f"completed run {run_id} is not whole"
    hidden = "run_id NOT IN (SELECT run_id FROM runs WHERE status = 'completed')"
    for table in (*EVENT_TABLES, "run_columns"):
        if runs.database.rows(f"SELECT 1 FROM {table} WHERE {hidden} LIMIT 1"):  # noqa: S608
            yield f"{table} has rows of runs that are not completed"


def faults_of_bars(secmaster, facts, past):
    """What is wrong with stored bars: all of a write are there or none, and of an acknowledged one all."""
    states = [{}] + [fact[1] for fact in facts[:past] if fact[0] == "storing"]
    promised = sum(fact[0] == "stored" for fact in facts[:past])
    there = {}
    for covered in secmaster.coverage():
        mappings = secmaster.mappings(covered.publisher_id, covered.symbol, covered.symbol_type, TimeRange())
        bars = secmaster.read_bars(mappings, 33)
        writes = np.split(np.arange(len(bars)), np.flatnonzero(np.diff(bars.ts // 1000)) + 1)
        there[covered.symbol] = tuple(digest(column[rows] for column in bars.columns()) for rows in writes)
    if there not in states:
        yield "bars are as they never were"
    elif there not in states[promised:]:
        yield "acknowledged bars are lost"


def digest(columns):
    """A short name of columns of numbers."""
    return hashlib.sha256(b"".join(column.tobytes() for column in columns)).hexdigest()[:12]


def remake(folder, content):
    """A folder that holds these files and nothing else; nobody has any of them open."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.is_file():
            path.unlink()
    for name, data in content.items():
        (folder / name).write_bytes(data)
