"""Sweeps that cannot be are refused before anything is recorded, with the value and the remedy."""

import math
import re
from typing import ClassVar

import pytest

import barscope as bs
from barscope.engine.strategy import Strategy
from barscope.errors import BarscopeError, InvalidParameterError, SweepTooLargeError
from barscope.ingest import synthetic_bars
from barscope.jobs import InlineExecutor

RANGE = bs.ParameterRange


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    """A workspace with a day of SYN, which all of these leave as it is."""
    with bs.Workspace(tmp_path_factory.mktemp("bad-input"), executor=InlineExecutor()) as ws:
        publisher = ws.secmaster.ensure_publisher("test", "TEST.WALK")
        ws.secmaster.write(publisher.publisher_id, [synthetic_bars("SYN", start_date="2024-01-02", sessions=1, seed=1)])
        yield ws


@pytest.fixture(autouse=True)
def picky():
    """A strategy with a parameter of each kind."""

    class Picky(Strategy):
        parameters: ClassVar = {
            "mode": bs.ParamSpec("a", choices=["a", "b"]),
            "level": bs.ParamSpec(1.0, min=0, max=10),
            "strict": bs.ParamSpec(False),
            "n": bs.ParamSpec(2, min=1, max=10**9),
        }

        def on_bar(self, event):
            pass


def request(**changes):
    """Two pairs of averages on SYN, but for what is changed."""
    asked = {"symbols": ["SYN"], "rtype": 33, "publisher_id": 1, "strategy": "SMACrossover"}
    return bs.SweepRequest(**{**asked, "parameters": {"fast_period": [5, 6]}, **changes})


PICKY = {"strategy": "Picky"}
NO_BARS = [bs.Stretch(name="late", start_date="2030-01-01")]
BACKWARDS = [bs.Stretch(name="back", start_date="2024-02-01", end_date="2024-01-01")]

BAD = {
    "no parameter": ({"parameters": {}}, "give one a range or a list"),
    "an empty list": ({"parameters": {"fast_period": []}}, "values of fast_period is empty"),
    "bounds reversed": ({"parameters": {"fast_period": RANGE(9, 5)}}, "reversed: low 9 is above high 5"),
    "no step": ({"parameters": {"fast_period": RANGE(5, 9, 0)}}, "step 0 of fast_period must be above 0"),
    "a step back": ({"parameters": {"fast_period": RANGE(5, 9, -1)}}, "step -1 of fast_period must be above 0"),
    "a step of no number": ({"parameters": {"fast_period": RANGE(5, 9, math.nan)}}, "step nan"),
    "a broken step": ({"parameters": {"fast_period": RANGE(5, 9, 0.5)}}, "step 0.5 of fast_period must be a whole"),
    "a bound of no number": ({**PICKY, "parameters": {"level": RANGE(math.nan, 9, 1)}}, "level is nan"),
    "a broken bound": ({"parameters": {"fast_period": RANGE(5.5, 9)}}, "fast_period is 5.5: it must be a whole"),
    "a parameter unknown": ({"parameters": {"fastperiod": [5]}}, "did you mean fast_period?"),
    "one fixed unknown": ({"fixed": {"fastperiod": 5}}, "did you mean fast_period?"),
    "swept and fixed": ({"fixed": {"fast_period": 5}}, "cannot be both swept and fixed"),
    "out of bounds": ({"parameters": {"fast_period": RANGE(1, 9)}}, "fast_period is 1: it must be a whole number from"),
    "fixed out of bounds": ({"fixed": {"slow_period": 5000}}, "slow_period is 5000"),
    "a value twice": ({"parameters": {"fast_period": [5, 5.0]}}, "has one twice"),
    "a value of another kind": ({**PICKY, "parameters": {"n": [[1]]}}, "n is [1]"),
    "not among the choices": ({**PICKY, "parameters": {"mode": ["a", "c"]}}, "mode is 'c'"),
    "a range of texts": ({**PICKY, "parameters": {"mode": RANGE(1, 2)}}, "mode is 1"),
    "a range of truth values": ({**PICKY, "parameters": {"strict": RANGE(0, 1)}}, "strict is 0"),
    "nothing fits": ({"parameters": {"fast_period": [50]}, "fixed": {"slow_period": 40}}, "no combination fits"),
    "a grid without steps": ({**PICKY, "parameters": {"level": RANGE(1, 2)}}, "has no step: a grid needs one"),
    "a sample of none": ({"sampling": "random", "samples": 0}, "samples is 0"),
    "a sample of unknown size": ({"sampling": "latin_hypercube"}, "samples is None"),
    "a sample of a grid": ({"samples": 5}, "a grid takes every combination"),
    "nothing to try": ({"strategy": None}, "name one of the two"),
    "two things to try": ({"indicator": "SMA"}, "name one of the two"),
    "a strategy unknown": ({"strategy": "SMACrosover"}, "Did you mean SMACrossover?"),
    "an indicator unknown": ({"strategy": None, "indicator": "SMAA"}, "Did you mean SMA"),
    "an indicator that trades": (
        {"strategy": None, "indicator": "SMA", "parameters": {"timeperiod": [5]}, "broker": {"slippage_bps": 1}},
        "an indicator does not trade",
    ),
    "a broker's setting unknown": ({"broker": {"slippage": 1}}, "did you mean slippage_"),
    "a broker that pays": ({"broker": {"slippage_bps": -1}}, "slippage_bps is -1"),
    "a stretch before the first day": (
        {"start_date": "2008-01-03", "stretches": [bs.Stretch(name="a", start_date="2008-01-02")]},
        "stretch a, 2008-01-02 to the last bar, reaches beyond the dates of the sweep, 2008-01-03 to the last bar",
    ),
    "a stretch without an end beside a last day": (
        {"end_date": "2008-01-31", "stretches": [bs.Stretch(name="a", start_date="2008-01-02")]},
        "reaches beyond the dates of the sweep, the first bar to 2008-01-31: leave out the dates",
    ),
    "a first day that is none beside stretches": (
        {"start_date": "yesterday", "stretches": [bs.Stretch(name="a")]},
        "invalid date 'yesterday'",
    ),
    "stretches of one name": ({"stretches": [bs.Stretch(name="a")] * 2}, "no two the same"),
    "a stretch without a name": ({"stretches": [bs.Stretch(name="")]}, "need a name each"),
    "a stretch backwards": ({"stretches": BACKWARDS}, "swap the two dates"),
    "a stretch without bars": ({"stretches": NO_BARS}, "has no bars"),
    "a symbol unknown": ({"symbols": ["SYM"]}, "Unknown symbol: SYM"),
    "no symbols": ({"symbols": []}, "No symbols"),
    "more values than can be listed": ({**PICKY, "parameters": {"n": RANGE(1, 10**9)}}, "take a larger step"),
    "more samples than can be numbered": (
        {**PICKY, "parameters": {"level": RANGE(0, 1)}, "sampling": "random", "samples": 10**8},
        "100,000,000 combinations are more than",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_refused_and_leaves_nothing(what, market):
    """By the queue and by the estimate alike."""
    changes, message = BAD[what]
    asked = request(**changes)
    for ask in (market.sweep, market.sweeps.estimate):
        with pytest.raises(BarscopeError, match=re.escape(message)):
            ask(asked)
    assert not market.runs_store.list_runs()


@pytest.mark.parametrize("values", [5, None, "5..9"])
def test_values_that_are_neither_a_range_nor_a_list_are_refused(values):
    """When the request is made already."""
    with pytest.raises(InvalidParameterError, match=r"parameters\.fast_period"):
        request(parameters={"fast_period": values})


@pytest.mark.parametrize(("executor", "workers"), [("dusk", None), (7, None), (open, None), ("threads", -1)])
def test_an_executor_that_cannot_be_is_refused(executor, workers, market):
    """With the names of those that can; nothing is recorded."""
    with pytest.raises(InvalidParameterError, match=r"use 'threads', 'processes'|at least one"):
        market.sweep(request(), executor, workers=workers)
    assert not market.runs_store.list_runs()


def test_a_sweep_that_is_too_large_asks_with_its_estimate(workspace, monkeypatch):
    """The error tells the count and the time; confirmed, the same sweep runs."""
    monkeypatch.setattr("barscope.studies.sweeps.ASK_ABOVE", 4)
    asked = request(parameters={"fast_period": RANGE(5, 9)})
    with pytest.raises(SweepTooLargeError, match=r"5 children are more than 4 and take about .*confirmed=True"):
        workspace.sweep(asked)
    assert not workspace.runs_store.list_runs()
    assert workspace.sweep(asked, "inline", confirmed=True).result().sweep.counts()["done"] == 5


def test_pairs_that_do_not_fit_are_skipped_and_counted(workspace):
    """Fast at or above slow has not failed: it has no child, and the result says why."""
    asked = request(symbols=["SYN", "ALT"], parameters={"fast_period": RANGE(5, 20, 5), "slow_period": [10, 15]})
    estimate = workspace.sweeps.estimate(asked)
    assert (estimate.combinations, estimate.skipped, estimate.children) == (8, 5, 6)
    found = workspace.sweep(asked, "inline").result().sweep
    assert found.counts() == {"done": 6, "skipped": 10, "failed": 0, "missing": 0}
    assert all(fast < slow for fast, slow in found.children.select("param:fast_period", "param:slow_period").rows())
    with pytest.raises(InvalidParameterError, match="it was skipped: fast_period 10 must be below slow_period 10"):
        found.params_of(2)
