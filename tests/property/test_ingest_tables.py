"""Tables of any rows: every row is a bar or has a reason, and good bars survive any dialect."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from barscope.domain.periods import BarPeriod
from barscope.errors import BarscopeError, InvalidBarsError
from barscope.ingest import read_source, synthetic_bars

numbers = st.one_of(st.integers(-2, 12).map(float), st.sampled_from([float("nan"), float("inf"), 1e12, 5.5]), st.none())
times = st.integers(0, 6).map(lambda day: 1_704_153_600 + day * 86_400)
tables = st.lists(st.tuples(st.sampled_from(["A", "B", None, " "]), times, *[numbers] * 5), min_size=1, max_size=12)


@given(tables, st.booleans())
def test_every_row_is_a_bar_or_has_a_reason(rows, sort):
    """Bars and rejected rows add up to the rows read, and every bar obeys the rules of the store."""
    headings = {
        "symbol": pl.String,
        "ts": pl.Int64,
        **dict.fromkeys(("open", "high", "low", "close", "volume"), pl.Float64),
    }
    frame = pl.DataFrame(rows, schema=headings, orient="row")
    try:
        parsed = read_source(frame, rtype=35, sort=sort)
    except InvalidBarsError as error:
        reasons, batches = error.reasons, ()
    else:
        reasons, batches = parsed.reasons, parsed.batches
    assert sum(reasons.values()) + sum(len(batch.bars) for batch in batches) == len(rows)
    for batch in batches:
        ts, open_, high, low, close, volume = batch.bars.columns()
        assert len(ts) > 0
        assert np.all(np.diff(ts) > 0)
        assert np.all((low <= open_) & (open_ <= high) & (low <= close) & (close <= high) & (volume >= 0))


@settings(max_examples=25)
@given(
    st.sampled_from(BarPeriod),
    st.integers(0, 2**32),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["iso", "s", "ms", "us", "ns"]),
    st.booleans(),
)
def test_bars_survive_a_csv(tmp_path_factory, period, seed, separator, form, backwards):
    """Bars written as CSV in any dialect and either order read back as they were."""
    bars = synthetic_bars(period=period, sessions=3 if period is BarPeriod.DAY else 1, seed=seed).bars
    ts, *prices, volume = (column[:500] for column in bars.columns())
    moments = pl.Series(ts).cast(pl.Datetime("ns"))
    columns = {
        "TS": moments.dt.strftime("%Y-%m-%dT%H:%M:%S") if form == "iso" else moments.dt.epoch(form),
        **{name: column / 1e9 for name, column in zip(("Open", "High", "Low", "Close"), prices, strict=True)},
        "Volume": volume,
    }
    frame = pl.DataFrame(columns)
    path = tmp_path_factory.mktemp("csv") / "bars.csv"
    (frame.reverse() if backwards else frame).write_csv(path, separator=separator)
    (batch,) = read_source(path, symbol="X", rtype=period.rtype).batches
    for read, column in zip(batch.bars.columns(), (ts, *prices, volume), strict=True):
        assert np.array_equal(read, column)


@given(st.sampled_from(BarPeriod), st.integers(0, 2**32), st.floats(0.01, 1e6), st.floats(0, 5))
@settings(max_examples=25)
def test_synthetic_bars_obey_the_rules(period, seed, start_price, volatility):
    """Made-up bars are in cents, above zero, in order, and obey every rule of a bar."""
    sessions = 1 if period is BarPeriod.SECOND else 5
    bars = synthetic_bars(
        period=period, sessions=sessions, seed=seed, start_price=start_price, annual_volatility=volatility
    ).bars
    ts, open_, high, low, close, volume = bars.columns()
    assert np.all(np.diff(ts) >= period.length_ns)
    assert np.all((low > 0) & (low <= open_) & (open_ <= high) & (low <= close) & (close <= high) & (volume > 0))
    assert not np.any(np.concatenate((open_, high, low, close)) % 10_000_000)


@given(st.binary(max_size=400))
def test_any_bytes_named_csv(tmp_path_factory, content):
    """Any bytes named .csv give bars or a typed error, never another exception."""
    path = tmp_path_factory.mktemp("any") / "any.csv"
    path.write_bytes(b"Date,Open,High,Low,Close,Volume\n2024-01-02,1,1,1,1,1\n" + content)
    try:
        parsed = read_source(path, symbol="X", rtype=35)
    except BarscopeError:
        return
    assert parsed.batches[0].bars.close[0] == 10**9
