"""pandas and polars frames and Parquet files."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from barscope.domain.time import day_start_ns
from barscope.errors import DataError, InvalidBarsError, VendorFileError
from barscope.ingest import read_source

DAYS = ["2024-01-02", "2024-01-03"]
TS = [day_start_ns(day) for day in DAYS]


def pandas_frame(**columns):
    """Two daily bars of X; columns replace or join those."""
    plain = {"Date": pd.to_datetime(DAYS), "Open": 10.1, "High": 11.3, "Low": 9.9, "Close": 10.7, "Volume": [5, 6]}
    return pd.DataFrame({**plain, **columns})


def check(source, **options):
    """The source gives the two bars."""
    parsed = read_source(source, **{"symbol": "X", **options})
    (batch,) = parsed.batches
    assert batch.bars.ts.tolist() == TS
    assert batch.bars.open.tolist() == [10_100_000_000] * 2
    assert batch.bars.volume.tolist() == [5, 6]
    assert parsed.rejected == 0
    return parsed


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_pandas_datetimes(unit, zone):
    """Datetimes of every unit and zone mean their moment."""
    moments = pd.Series(pd.to_datetime(DAYS)).dt.as_unit(unit)
    if zone:
        moments = moments.dt.tz_localize("UTC").dt.tz_convert(zone)
    check(pandas_frame(Date=moments))


@pytest.mark.parametrize(
    "times",
    [
        DAYS,
        [dt.date(2024, 1, 2), dt.date(2024, 1, 3)],
        [pd.Timestamp(day) for day in DAYS],
        np.array(TS),
        np.array(TS) // 10**9,
        np.array(TS, dtype="uint64") // 10**6,
        np.array(TS, dtype="float64") / 10**9,
        pd.array([t // 10**9 for t in TS], dtype="Int64"),
        pd.Series(DAYS, dtype="string"),
        pd.Categorical(DAYS),
    ],
)
def test_pandas_times_of_other_types(times):
    """Times may be text, dates, moments or epoch numbers, of NumPy or extension types."""
    check(pandas_frame(Date=times))


@pytest.mark.parametrize("name", [None, "Date", "ts_event", "when"])
def test_pandas_index_of_times(name):
    """A DatetimeIndex gives the times, whatever its name."""
    frame = pandas_frame()
    check(frame.drop(columns="Date").set_index(pd.DatetimeIndex(frame["Date"], name=name)))


def test_pandas_index_beside_a_time_column():
    """Where a column holds the time, an index of times is left alone."""
    check(pandas_frame().set_index(pd.DatetimeIndex(["1999-01-01", "1999-01-02"])))


def test_pandas_index_of_symbols_and_times():
    """Symbols and times may both stand in the index."""
    frame = pandas_frame(Symbol=["0001", "NA"]).set_index(["Symbol", "Date"])
    parsed = read_source(frame, rtype=35)
    assert [(batch.symbol, batch.bars.ts.tolist()) for batch in parsed.batches] == [("0001", TS[:1]), ("NA", TS[1:])]


@pytest.mark.parametrize("dtype", ["float32", "object", "string", "Float64", "category", "decimal"])
def test_pandas_prices_are_exact(dtype):
    """Prices of every type become the decimal they show: 10.1 is 10,100,000,000."""
    prices = pd.Series([Decimal("10.1")] * 2) if dtype == "decimal" else pd.Series([10.1, 10.1]).astype(dtype)
    check(pandas_frame(Open=prices))


def test_pandas_missing_values():
    """NaN, None and NaT in a frame are rejected rows with reasons."""
    frame = pd.concat([pandas_frame(), pandas_frame(Open=[np.nan, 10.1], Date=[pd.Timestamp("2024-01-04"), pd.NaT])])
    parsed = read_source(frame, symbol="X")
    assert parsed.reasons == {"price not finite": 1, "missing time": 1}
    frame = pandas_frame(Volume=pd.array([5, None], dtype="Int64"))
    assert read_source(frame, symbol="X", rtype=35).reasons == {"missing volume": 1}


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pandas_frame().iloc[:0], "headings but no rows"),
        (pd.DataFrame(), "no column for a time"),
        (pd.concat([pandas_frame(), pandas_frame()[["Close"]]], axis=1), "Close and Close both mean close"),
        (pandas_frame(Open=[True, False]), "Open is of type Boolean"),
        (pandas_frame(Symbol=[700, 700]), "symbols are of type Int64, which may have lost leading zeros"),
        (pandas_frame(Open=pd.to_datetime(DAYS)), "Open is of type Datetime"),
        (pandas_frame(Date=[True, False]), "Date is of type Boolean"),
    ],
)
def test_pandas_frames_that_are_refused(frame, message):
    """A frame that cannot be bars is refused with the reason."""
    with pytest.raises(DataError, match=message):
        read_source(frame, symbol="X")


def test_pandas_columns_of_several_levels():
    """A frame with several levels of columns is refused with the remedy."""
    frame = pd.concat({"AAPL": pandas_frame()}, axis=1)
    with pytest.raises(DataError, match="its columns have 2 levels: select one symbol"):
        read_source(frame, symbol="AAPL")


def test_polars_frames():
    """A polars frame reads alike, with text, categorical or enum symbols."""
    frame = pl.DataFrame(pandas_frame().to_dict("list"))
    check(frame)
    for kind in (pl.String, pl.Categorical, pl.Enum(["X", "Y"])):
        check(frame.with_columns(Symbol=pl.Series(["X", "X"], dtype=kind)), symbol=None)
    check(frame.with_columns(pl.col("Open").cast(pl.Decimal(10, 2)), pl.col("Volume").cast(pl.UInt8)))
    with pytest.raises(InvalidBarsError, match="none of its 2 rows"):
        read_source(frame.with_columns(Close=pl.lit(None)), symbol="X")


def test_large_prices_are_exact():
    """A float price near the limit becomes the decimal it shows, and one above it is rejected."""
    frame = pandas_frame(Open=1.0, Low=1.0, High=[9_223_372_036.85, 9_223_372_036.86], Close=[1_234_567_890.12, 1.0])
    parsed = read_source(frame, symbol="X", rtype=35)
    assert parsed.batches[0].bars.high.tolist() == [9_223_372_036_850_000_000]
    assert parsed.batches[0].bars.close.tolist() == [1_234_567_890_120_000_000]
    assert parsed.reasons == {"price too large": 1}


def test_other_things():
    """What is no file and no frame is refused by its type."""
    for thing in ([1, 2], None, pl.LazyFrame({"a": [1]})):
        with pytest.raises(DataError, match=f"a {type(thing).__name__} is not read"):
            read_source(thing)


def test_parquet(tmp_path):
    """Parquet files are read by either ending, also where the times are an unnamed index, as pandas writes it."""
    frame = pl.DataFrame(pandas_frame(Extra=["a", "b"]).to_dict("list"))
    frame.write_parquet(tmp_path / "plain.parquet")
    frame.write_parquet(tmp_path / "plain.pq")
    frame.rename({"Date": "__index_level_0__"}).write_parquet(tmp_path / "index.parquet")
    assert check(tmp_path / "plain.parquet").notes[0] == "columns left out: Extra"
    check(str(tmp_path / "plain.pq"))
    check(tmp_path / "index.parquet")


def test_parquet_files_that_are_refused(tmp_path):
    """A Parquet file that is something else, truncated, corrupt or missing is refused."""
    whole = tmp_path / "whole.parquet"
    pl.DataFrame(pandas_frame().to_dict("list")).write_parquet(whole)
    content = whole.read_bytes()
    footer = bytearray(content)
    footer[-60:-8] = b"\xff" * 52
    for bad in (b"Date,Open\n1,2\n", b"", content[:-10], content[:100], bytes(footer)):
        path = tmp_path / "bad.parquet"
        path.write_bytes(bad)
        with pytest.raises(VendorFileError, match="Parquet"):
            read_source(path, symbol="X")
    with pytest.raises(DataError, match="no such file"):
        read_source(tmp_path / "none.parquet", symbol="X")
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "other.parquet")
    with pytest.raises(DataError, match="no column for a time"):
        read_source(tmp_path / "other.parquet", symbol="X")
