"""Damaged vendor files, by the thousand: the process that reads them lives, nothing hangs, no memory runs away, and no
file is accepted with another number of rows unless the report says that nothing vouches for it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector

import pytest

SEED = 20_261_121
SIZES = [pytest.param(80, id="a few"), pytest.param(5_000, id="many", marks=pytest.mark.soak)]
SCRIPT = Path(__file__).with_name("vendor_file_mutations.py")
PATIENCE_S = 60.0
MOST_GROWN_MB = 256
MOST_DECODER_MB = 1024


def readings(kind, count, *, seed=SEED, planted="", patience_s=PATIENCE_S):
    """What a process says of each damaged file, the last line being its memory; fails where it falls silent or dies."""
    command = [sys.executable, "-W", "error", str(SCRIPT), kind, str(seed), "0", str(count), planted]
    found = []
    quiet = {**os.environ, "RUST_BACKTRACE": "0"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=quiet, text=True) as child:
        found.extend(map(json.loads, _lines(child, patience_s)))
        said = child.stderr.read()
    n = len([line for line in found if "n" in line])
    repeat = f"repeat it: python -W error tests/proof/{SCRIPT.name} {kind} {seed} {n} 1"
    assert child.returncode == 0, f"the reader ended with {child.returncode} at file {n}; {repeat}\n{said[-3000:]}"
    return found


def _lines(child, patience_s):
    with DefaultSelector() as waiting:
        waiting.register(child.stdout, EVENT_READ)
        while waiting.select(patience_s):
            line = child.stdout.readline()
            if not line:
                return
            yield line
    child.kill()


def judged(kind, found, seed=SEED):
    """Fails for the first file that was not read honestly, and for memory that ran away; gives the outcomes."""
    *files, used = found
    for file in files:
        repeat = f"repeat it: python -W error tests/proof/{SCRIPT.name} {kind} {seed} {file['n']} 1"
        assert not file["outcome"].startswith("BROKEN"), f"{file['what']}: {file['outcome']}; {repeat}"
    assert used["grown_mb"] <= MOST_GROWN_MB, f"the reader grew by {used['grown_mb']} MB ({kind}, seed {seed})"
    assert used["decoder_mb"] <= MOST_DECODER_MB, f"a decoder took {used['decoder_mb']} MB ({kind}, seed {seed})"
    return [file["outcome"].partition(":")[0] for file in files]


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("kind", ["dbn", "zst", "zip", "csv", "parquet"])
def test_a_damaged_file_is_refused_or_read_honestly(kind, count):
    """Each is a typed error, or its very rows, or rows of which the report says that they are unverified."""
    outcomes = judged(kind, readings(kind, count))
    assert len(outcomes) == count
    assert {"refused"} < set(outcomes) <= {"refused", "accepted", "unverified"}
    may_be_unverified = {"dbn", "zst", "csv"}
    assert "unverified" not in outcomes or kind in may_be_unverified


@pytest.mark.parametrize(
    ("kind", "planted", "count", "said"),
    [
        ("zip", "believes the manifest", 400, "vouches for other bars"),
        ("dbn", "vouches for all", 80, "BROKEN"),
        ("dbn", "forks another decoder", 200, "started decoder"),
        ("csv", "dies", 9, "ended with -6"),
        ("csv", "hangs", 9, "ended with -9"),
        ("csv", "grows", 9, "grew by"),
        ("csv", "raises", 9, "ended with 1"),
    ],
)
def test_a_planted_fault_is_caught(kind, planted, count, said):
    """A reader that believes, dies, hangs, grows or raises something else fails this proof, and the seed is told."""
    with pytest.raises(AssertionError, match=said) as caught:
        judged(kind, readings(kind, count, planted=planted, patience_s=2.0 if planted == "hangs" else PATIENCE_S))
    assert str(SEED) in str(caught.value)
