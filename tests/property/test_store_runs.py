"""Whatever a run records comes back, from its columns and from its rows."""

import json
import math
import tempfile
from contextlib import closing
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from barscope.domain.bars import Bars
from barscope.store.columns import BAR_SERIES, decode, encode
from barscope.store.json_text import from_json, to_json
from barscope.store.runs import RunStore

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.floats(width=64)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(arrays(np.float64, st.integers(0, 40), elements=numbers))
def test_a_column_of_floats_survives_bit_for_bit(values):
    """Every float64, each NaN and signed zero included, comes back as the same bytes."""
    assert decode(encode(values), len(values), "close").tobytes() == values.tobytes()


@given(arrays(np.int64, st.integers(0, 40)))
def test_a_column_of_integers_survives(values):
    """Every int64 comes back."""
    assert np.array_equal(decode(encode(values), len(values), "ts"), values)


@given(json_values)
def test_json_values_survive(value):
    """What JSON can say is read back equal."""
    assert from_json(to_json(value), "x") == value


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_a_run_comes_back_whole(data):
    """Symbols, names and numbers drawn at random read back equal from columns and from the JSON of the rows."""
    symbols = data.draw(st.lists(text, min_size=1, max_size=3, unique=True))
    names = data.draw(st.lists(text.filter(lambda name: name not in BAR_SERIES), max_size=4, unique=True))
    recorded = {}
    with tempfile.TemporaryDirectory() as folder, closing(RunStore(Path(folder) / "runs.db")) as runs:
        writer = runs.begin("r", "n", 1, {})
        for symbol in symbols:
            n = data.draw(st.integers(1, 30))
            prices = [data.draw(arrays(np.float64, n, elements=st.floats(0, 1e9))) for _ in range(4)]
            bars = Bars(np.arange(n), *prices, data.draw(arrays(np.int64, n)))
            series = {name: data.draw(arrays(np.float64, n, elements=numbers)) for name in names}
            writer.append_processed(symbol, "DAY", bars, series, 1)
            recorded[symbol] = bars, series
        writer.complete(2, {})
        assert runs.verify("r")
        assert runs.symbols("r") == tuple(symbols)
        for symbol, (bars, series) in recorded.items():
            assert all(np.array_equal(getattr(runs.bars("r", symbol), f), getattr(bars, f)) for f in BAR_SERIES)
            back = runs.series("r", symbol)
            assert list(back) == names
            assert all(back[name].tobytes() == series[name].tobytes() for name in names)
            rows = runs.database.rows("SELECT indicators FROM bars_processed WHERE symbol = ? ORDER BY id", (symbol,))
            for i, (row,) in enumerate(rows):
                expected = {name: float(series[name][i]) if math.isfinite(series[name][i]) else None for name in names}
                assert json.loads(row) == expected
