"""Continuous futures end to end: contracts in the store, a request by name, bars, rolls and a record. All made up."""

import math

import numpy as np
import pytest

import barscope as bs
from barscope.domain.bars import PRICE_SCALE, FixedPointBars
from barscope.domain.batches import BarBatch, SymbologyEntry
from barscope.domain.reference import InstrumentDefinition, OpenInterest
from barscope.domain.time import NS_PER_DAY, day_start_ns
from barscope.errors import DataError, MissingBarsError, UnknownSymbolError
from barscope.jobs import InlineExecutor
from barscope.workspace.read_only import ReadOnlyWorkspace


def sessions(first, last):
    """Mondays to Fridays from one date to another, both counted, as midnights in ns."""
    days = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    return days[np.is_busday(days)].astype("datetime64[ns]").astype(np.int64)


def contract(symbol, first, last, base, volume, times=None):
    """Daily bars of a contract, closing at base, base + 1, …"""
    ts = sessions(first, last) if times is None else times
    close = (base + np.arange(len(ts))) * PRICE_SCALE
    volumes = np.broadcast_to(np.asarray(volume, dtype=np.int64), len(ts)).copy()
    return BarBatch(35, FixedPointBars(ts, close, close, close, close, volumes), symbol, "raw_symbol")


def definition(symbol, expiry, **more):
    """A future that expires at 14:30 UTC of a date."""
    return InstrumentDefinition(symbol, day_start_ns(expiry) + 14 * NS_PER_DAY // 24, "ES", **more)


@pytest.fixture
def ws(tmp_path):
    """Three made-up contracts of ES of 2024: H until 15 March, M until 21 June, U beyond."""
    with bs.Workspace(tmp_path / "ws", executor=InlineExecutor()) as ws:
        publisher = ws.secmaster.ensure_publisher("made up", "FUT.MADE")
        ws.secmaster.write(
            publisher.publisher_id,
            [
                contract("ESH4", "2024-01-02", "2024-03-15", 100, 50),
                contract("ESM4", "2024-02-01", "2024-06-21", 200, np.r_[np.full(20, 10), np.full(82, 90)]),
                contract("ESU4", "2024-03-01", "2024-07-31", 300, 20),
                contract("ESH4-ESM4", "2024-02-01", "2024-03-15", 5, 10_000),
                contract("ESTC", "2024-01-02", "2024-03-15", 7, 10_000),
            ],
        )
        yield ws


def define(ws):
    """Tells the expiries."""
    expiries = {"ESH4": "2024-03-15", "ESM4": "2024-06-21", "ESU4": "2024-09-20"}
    ws.secmaster.write(1, [], definitions=[definition(symbol, expiry) for symbol, expiry in expiries.items()])


def request(symbol, **more):
    """An exploration of one continuous series."""
    options = {"rtype": 35, "publisher_id": 1, "symbol_type": "continuous", **more}
    return bs.ExplorerRequest(symbols=[symbol], indicators=[bs.IndicatorConfig(class_name="Close")], **options)


def dates(frame):
    """The dates of a roll table with what was rolled into."""
    return [(str(row.date.date()), row.to_contract) for row in frame.itertuples()]


def test_calendar_rolls_by_definitions(ws):
    """The day after each expiry the next contract begins; the bars are those of the contracts, all of them."""
    define(ws)
    assert dates(ws.roll_table("ES.c.0", 1)) == [("2024-03-18", "ESM4"), ("2024-06-24", "ESU4")]
    bars = ws.explore(request("ES.c.0")).result().bars()
    assert len(bars) == len(sessions("2024-01-02", "2024-07-31"))
    assert bars.loc["2024-03-15", "close"].item() == 100 + len(sessions("2024-01-02", "2024-03-15")) - 1
    assert bars.loc["2024-03-18", "close"].item() == 200 + len(sessions("2024-02-01", "2024-03-18")) - 1
    assert bars.loc["2024-06-24", "close"].item() == 300 + len(sessions("2024-03-01", "2024-06-24")) - 1


def test_the_roll_table_says_gap_and_reason(ws):
    """The gap is that of the closes of the last day before the roll that both traded."""
    define(ws)
    first = ws.roll_table("ES.c.0", 1).iloc[0]
    old, new = 100 + len(sessions("2024-01-02", "2024-03-15")) - 1, 200 + len(sessions("2024-02-01", "2024-03-15")) - 1
    assert (first.from_contract, first.reason, first.gap) == ("ESH4", "expiration of ESH4", new - old)
    assert first.ratio == pytest.approx(new / old)
    assert str(first.measured_at) == "2024-03-15 00:00:00+00:00"


def test_names_alone_end_a_contract_before_its_delivery_month(ws):
    """Without definitions the roll is on the first session of the delivery month."""
    assert dates(ws.roll_table("ES.c.0", 1)) == [("2024-03-01", "ESM4"), ("2024-06-03", "ESU4")]
    assert ws.roll_table("ES.c.0", 1).reason[0] == "delivery month of ESH4"


def test_first_notice_ends_a_contract_before_its_expiry(ws):
    """The day before first notice is the last one that is held."""
    notice = definition("ESH4", "2024-03-15", first_notice_ns=day_start_ns("2024-02-29"))
    ws.secmaster.write(1, [], definitions=[notice])
    table = ws.roll_table("ES.c.0", 1)
    assert (dates(table)[0], table.reason[0]) == (("2024-02-29", "ESM4"), "first notice of ESH4")


def test_volume_rolls_the_day_after_it_changes(ws):
    """ESM4 trades 90 against 50 from its 21st session on, 29 February; the roll is the session after."""
    define(ws)
    table = ws.roll_table("ES.v.0", 1)
    assert dates(table) == [("2024-03-01", "ESM4"), ("2024-06-24", "ESU4")]
    assert table.reason[0] == "volume 90 of ESM4 above 50 of ESH4"


def test_open_interest_rolls_when_it_is_known(ws):
    """A value that is published on 12 February counts from the 13th on."""
    define(ws)
    with pytest.raises(DataError, match=r"ES\.n\.0 rolls by open interest, and none is stored of ES.*ES\.v\.0"):
        ws.roll_table("ES.n.0", 1)
    told = day_start_ns("2024-02-12") + 1
    ws.secmaster.write(
        1,
        [],
        open_interest=[
            OpenInterest("2024-02-09", told - 2, 500, "ESH4"),
            OpenInterest("2024-02-09", told, 800, "ESM4"),
        ],
    )
    assert dates(ws.roll_table("ES.n.0", 1))[0] == ("2024-02-13", "ESM4")


def test_adjusted_series_meet_at_the_roll(ws):
    """With +diff and +ratio the last contract stays true and earlier closes move by the measured gaps."""
    define(ws)
    table = ws.roll_table("ES.c.0", 1)
    plain, moved, scaled = (ws.explore(request(f"ES.c.0{how}")).result().bars() for how in ("", "+diff", "+ratio"))
    assert (moved.close - plain.close).loc["2024-01-02"].item() == pytest.approx(table.gap.sum())
    assert (moved.close - plain.close).loc["2024-04-02"].item() == pytest.approx(table.gap[1])
    assert (scaled.close / plain.close).loc["2024-01-02"].item() == pytest.approx(table.ratio.prod())
    for frame in (moved, scaled):
        assert frame.loc["2024-07-01":].equals(plain.loc["2024-07-01":])


def test_the_range_of_a_request_cuts_and_changes_nothing(ws):
    """A series that starts later takes the same contracts; what comes after the end is not looked at."""
    define(ws)
    whole = ws.explore(request("ES.v.0")).result().bars()
    part = ws.explore(request("ES.v.0", start_date="2024-03-04", end_date="2024-06-28")).result().bars()
    assert part.equals(whole.loc["2024-03-04":"2024-06-28"])
    assert dates(ws.roll_table("ES.v.0", 1, end_date="2024-03-29")) == [("2024-03-01", "ESM4")]


def test_the_record_says_how_the_bars_were_made(ws):
    """Rule, adjustment and every roll are in the config; a repetition comes out equal, other bars do not."""
    define(ws)
    run = ws.explore(request("ES.c.0+diff")).result()
    made = run.config["bar_sources"]["ES.c.0+diff"]
    assert (made["rule"], made["adjustment"], made["first_contract"]) == ("calendar", "diff", "ESH4")
    assert [roll["date"] for roll in made["rolls"]] == ["2024-03-18", "2024-06-24"]
    assert ws.repeat(run.run_id).equal
    fingerprint = ws.explore(request("ES.c.0")).result().config["data_fingerprint"]
    assert fingerprint != run.config["data_fingerprint"]


def test_a_backtest_trades_a_continuous_series(ws):
    """The same bars come to a strategy, and its record says the rolls."""
    define(ws)
    run = ws.backtest(
        bs.BacktestRequest(
            strategy="BuyAndHold", symbols=["ES.c.0+diff"], rtype=35, publisher_id=1, symbol_type="continuous"
        )
    ).result()
    assert run.bars().equals(ws.explore(request("ES.c.0+diff")).result().bars())
    assert len(run.config["bar_sources"]["ES.c.0+diff"]["rolls"]) == 2


def test_intraday_bars_roll_at_midnight_utc(ws):
    """Bars of an hour change to the next contract with the day; yesterday's volume is the sum of its bars."""
    hours = np.arange(day_start_ns("2024-03-14"), day_start_ns("2024-03-21"), NS_PER_DAY // 24)
    batches = [contract(s, "", "", base, v, hours) for s, base, v in (("NQH4", 100, 5), ("NQM4", 500, 3))]
    day = (hours - hours[0]) // NS_PER_DAY
    batches[1].bars.volume[day >= 2] = 9  # Saturday 16 March: the largest from then on
    ws.secmaster.write(1, [BarBatch(34, b.bars, b.symbol, b.symbol_type) for b in batches])
    bars = ws.explore(request("NQ.v.0", rtype=34)).result().bars()
    assert str(bars.index[0]) == "2024-03-15 00:00:00+00:00"
    assert bars.close[bars.close < 300].index[-1].isoformat() == "2024-03-16T23:00:00+00:00"
    assert bars.close[bars.close > 300].index[0].isoformat() == "2024-03-17T00:00:00+00:00"


def test_a_year_digit_comes_again_after_ten_years(ws):
    """Bars of NQZ9 in 2019 and in 2029 are two contracts, with others between them."""
    batches = [
        contract(
            "NQZ9", "", "", 100, 5, np.r_[sessions("2019-11-01", "2019-12-20"), sessions("2029-11-01", "2029-12-20")]
        ),
        contract("NQH0", "2019-12-02", "2020-03-20", 500, 5),
    ]
    ws.secmaster.write(1, batches)
    assert [
        (f, t) for f, t in ws.roll_table("NQ.c.0", 1)[["from_contract", "to_contract"]].itertuples(index=False)
    ] == [
        ("NQZ9", "NQH0"),
        ("NQH0", "NQZ9"),
    ]


def test_contracts_by_number_and_dated_symbology(ws):
    """Bars that a vendor stores by instrument number are found by the symbols of their days."""
    numbered = [
        BarBatch(35, contract("", "2024-01-02", "2024-03-15", 10, 5).bars, source_instrument_id=7),
        BarBatch(35, contract("", "2024-02-01", "2024-06-21", 20, 5).bars, source_instrument_id=8),
    ]
    names = [
        SymbologyEntry("CLH4", "raw_symbol", 7, "2024-01-01", "2024-03-16"),
        SymbologyEntry("CLM4", "raw_symbol", 8, "2024-02-01", "2024-06-22"),
    ]
    ws.secmaster.write(1, numbered, names)
    assert dates(ws.roll_table("CL.c.0", 1)) == [("2024-03-01", "CLM4")]


def test_the_vendors_own_series_goes_first(ws):
    """Where the store says what ES.c.0 stands for, that counts; a suffix is always made here."""
    ws.secmaster.write(
        1,
        [BarBatch(35, contract("", "2024-01-02", "2024-01-05", 10, 5).bars, source_instrument_id=7)],
        [SymbologyEntry("ES.c.0", "continuous", 7, "2024-01-01", "2024-02-01")],
    )
    assert len(ws.explore(request("ES.c.0")).result().bars()) == 4
    assert len(ws.explore(request("ES.c.0+5d")).result().bars()) > 100


@pytest.mark.parametrize(
    ("symbol", "error", "message"),
    [
        ("EX.c.0", UnknownSymbolError, r"Unknown symbol: EX.c.0. Did you mean ES.c.0\?"),
        ("ES.front", UnknownSymbolError, r"Unknown symbol: ES.front"),
        ("ES.c.9", MissingBarsError, r"ES.c.9 has no bars of rtype 35 in this range. There is ESH4 from 2024-01-02"),
    ],
)
def test_what_cannot_be_put_together_is_named(ws, symbol, error, message):
    """An unknown root, another notation, a rank beyond the contracts."""
    with pytest.raises(error, match=message):
        ws.explore(request(symbol)).result()


def test_a_range_without_bars_is_refused_at_once(ws):
    """Nothing is queued for a range in which no contract has bars."""
    with pytest.raises(MissingBarsError, match=r"There is ESH4 from .*; ESM4"):
        ws.explore(request("ES.c.0", start_date="2025-01-01"))
    assert ws.runs().empty


def test_contracts_without_bars_are_told(ws):
    """A defined contract that has no bars is left out, and the record names it."""
    define(ws)
    ws.secmaster.write(1, [], definitions=[definition("ESZ4", "2024-12-20")])
    run = ws.explore(request("ES.c.0")).result()
    assert run.config["bar_sources"]["ES.c.0"]["without_bars"] == ["ESZ4"]


def test_a_gap_that_nobody_knows_cannot_be_adjusted(ws):
    """Contracts without a common bar make a series as traded, with an unknown gap, and none adjusted."""
    ws.secmaster.write(
        1, [contract("NQH4", "2024-01-02", "2024-03-15", 10, 5), contract("NQM4", "2024-03-18", "2024-06-21", 20, 5)]
    )
    ws.secmaster.write(
        1,
        [],
        definitions=[
            InstrumentDefinition("NQH4", day_start_ns("2024-03-15"), "NQ"),
            InstrumentDefinition("NQM4", day_start_ns("2024-06-21"), "NQ"),
        ],
    )
    assert math.isnan(ws.roll_table("NQ.c.0+5d", 1).gap[0])
    with pytest.raises(MissingBarsError, match="NQH4 and NQM4 have no bar at one time"):
        ws.explore(request("NQ.c.0+diff")).result()


def test_rolls_are_marked_on_the_chart(ws, tmp_path):
    """A line stands at each roll with the name of the new contract, in a published run too."""
    define(ws)
    run = ws.explore(request("ES.c.0+ratio")).result()
    marks = run.chart_data().marks
    assert [(mark.ts_ns, mark.label) for mark in marks] == [
        (day_start_ns("2024-03-18"), "ESM4"),
        (day_start_ns("2024-06-24"), "ESU4"),
    ]
    assert run.figure() is not None
    snapshot = ws.publish([run.run_id], tmp_path / "snapshot.db")
    with ReadOnlyWorkspace.of_snapshot(snapshot, executor=InlineExecutor()) as shown:
        assert shown.run(run.run_id).chart_data().marks == marks


def test_definitions_and_open_interest_of_a_frame(ws, tmp_path):
    """A frame or CSV file tells expiries and open interest; a row that is none refuses the whole."""
    import pandas as pd

    terms = pd.DataFrame({"symbol": ["ESH4", "ESM4"], "expiration": ["2024-03-15", "2024-06-21 13:30"]})
    assert ws.ingest_definitions(terms.assign(tick_size=0.25), publisher_id=1) == 2
    assert [d.last_day[1] for d in ws.secmaster.reference.definitions(1)] == ["expiration"] * 2
    assert dates(ws.roll_table("ES.c.0", 1))[0] == ("2024-03-18", "ESM4")
    (tmp_path / "oi.csv").write_text("Symbol,Date,open_interest\nESH4,2024-02-08,5\nESM4,2024-02-08,9\n")
    assert ws.ingest_open_interest(tmp_path / "oi.csv", publisher_id=1) == 2
    first = ws.explore(request("ES.n.0")).result().bars().iloc[0]
    assert (str(first.name.date()), first.close) == ("2024-02-12", 207)  # published on the 9th, used from the 10th on
    with pytest.raises(DataError, match="row 2 cannot be read"):
        ws.ingest_definitions(terms.assign(expiration=["2024-03-15", "soon"]), publisher_id=1)
    with pytest.raises(DataError, match="no column expiration: there are symbol"):
        ws.ingest_definitions(terms[["symbol"]], publisher_id=1)
    with pytest.raises(UnknownSymbolError, match="ESZ9"):
        ws.ingest_open_interest(
            pd.DataFrame({"symbol": ["ESZ9"], "date": ["2024-02-08"], "open_interest": [1]}), publisher_id=1
        )
    assert len(ws.secmaster.reference.definitions(1)) == 2


@pytest.mark.parametrize("symbol_type", ["raw_symbol", "ticker", "continuous"])
def test_each_type_of_symbol_is_explored_by_its_type(ws, symbol_type):
    """What was stored as a type of symbol is found as that type, with exact coverage, and as no other."""
    ws.secmaster.write(
        1,
        [BarBatch(35, contract("", "2024-01-02", "2024-01-31", 10, 5).bars, source_instrument_id=7)],
        [SymbologyEntry("ABC", symbol_type, 7, "2024-01-04", "2024-01-18")],
    )
    bars = ws.explore(request("ABC", symbol_type=symbol_type)).result().bars()
    assert (str(bars.index[0].date()), str(bars.index[-1].date())) == ("2024-01-04", "2024-01-17")
    (covered,) = ws.coverage().query("symbol == 'ABC'").itertuples()
    assert (covered.min_ts, covered.max_ts) == (bars.index[0], bars.index[-1])
    for other in {"raw_symbol", "ticker", "continuous"} - {symbol_type}:
        with pytest.raises(UnknownSymbolError):
            ws.explore(request("ABC", symbol_type=other))
