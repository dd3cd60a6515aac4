"""CSV files: every dialect that is read, and every hostile file that is refused or accounted for."""

import gzip
import sqlite3
from pathlib import Path

import pytest

from barscope.domain.time import day_start_ns
from barscope.errors import DataError, InvalidBarsError, InvalidParameterError, VendorFileError
from barscope.ingest import read_source

HEADING = "Date,Open,High,Low,Close,Volume\n"
ROW_1 = "2024-01-02,10.5,11,10,10.75,1000\n"
ROW_2 = "2024-01-03,10.75,12,10.5,11.5,2000\n"
ROW_3 = "2024-01-04,11.5,11.75,11,11.25,1500\n"
PLAIN = HEADING + ROW_1 + ROW_2


@pytest.fixture
def parse(tmp_path):
    """Reads a text or bytes as a CSV file; the symbol is X unless told otherwise."""

    def read(content, name="bars.csv", **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_source(path, **{"symbol": "X", **options})

    return read


def rows_of(parsed):
    """The bars of the only batch as tuples, prices in currency units."""
    (batch,) = parsed.batches
    ts, *prices, volume = batch.bars.columns()
    return list(zip(ts.tolist(), *((p / 1e9).tolist() for p in prices), volume.tolist(), strict=True))


EXPECTED = [
    (day_start_ns("2024-01-02"), 10.5, 11.0, 10.0, 10.75, 1000),
    (day_start_ns("2024-01-03"), 10.75, 12.0, 10.5, 11.5, 2000),
]


def test_plain_csv(parse):
    """A plain CSV gives its bars as fixed point, and its daily period is inferred."""
    parsed = parse(PLAIN)
    assert rows_of(parsed) == EXPECTED
    assert (parsed.batches[0].rtype, parsed.batches[0].symbol, parsed.batches[0].symbol_type) == (35, "X", "raw_symbol")
    assert (parsed.read, parsed.rejected, parsed.reasons) == (2, 0, {})


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.upper(),
        PLAIN.replace("Date", "dAtEtImE"),
        "\ufeff" + PLAIN,
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", "|"),
        PLAIN.replace(",", ";").replace(".", ","),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        PLAIN.rstrip("\n"),
        PLAIN.replace("\n", "\n\n"),
        PLAIN.replace("10.5,", '"10,5",').replace("10.75", '"10,75"').replace("11.5", '"11,5"'),
        PLAIN.replace(",", ", "),
        PLAIN.encode("utf-16"),
        PLAIN.replace("Date,Open,High,Low,Close,Volume", "<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>"),
        PLAIN.replace("10.5", "1.05e1").replace("1000", "1000.0"),
        PLAIN.replace("2024-01-0", "2024/01/0"),
        PLAIN.replace("2024-01-0", "2024010"),
        PLAIN.replace("2024-01-02", "2024-01-02T00:00:00Z").replace("2024-01-03", "2024-01-03T00:00:00.000000000Z"),
        PLAIN.replace("2024-01-02", "2024-01-02 05:30:00+05:30").replace("2024-01-03", "2024-01-02 19:00:00-05"),
        PLAIN.replace("2024-01-02", "1704153600").replace("2024-01-03", "1704240000"),
        PLAIN.replace("2024-01-02", "1704153600.0").replace("2024-01-03", "1704240000.0"),
        PLAIN.replace("2024-01-02", "1704153600000").replace("2024-01-03", "1704240000000"),
        PLAIN.replace("2024-01-02", "1704153600000000").replace("2024-01-03", "1704240000000000"),
        PLAIN.replace("2024-01-02", "1704153600000000000").replace("2024-01-03", "1704240000000000000"),
        PLAIN.replace("Date", "Date,Time").replace("-02,", "-02,00:00,").replace("-03,", "-03,00:00,"),
    ],
)
def test_dialects(parse, content):
    """Headings in any case, BOM, separators, decimal comma, line ends, dates and epochs all mean the same bars."""
    assert rows_of(parse(content)) == EXPECTED


def test_gzip(parse):
    """A gzipped CSV reads as the CSV in it."""
    assert rows_of(parse(gzip.compress(PLAIN.encode()), "bars.csv.gz")) == EXPECTED


@pytest.mark.parametrize(
    "symbol", ["NA", "0001", "TRUE", "nan", "1e5", "null", "<b>x</b>", "x'; DROP TABLE ohlcv;--", "Ä/é"]
)
def test_symbols_stay_exact_text(parse, symbol):
    """A symbol column is read as exact text, whatever it looks like."""
    lines = [
        HEADING.replace("Date", "Date,Ticker"),
        ROW_1.replace(",", f",{symbol},", 1),
        ROW_2.replace(",", f",{symbol},", 1),
    ]
    assert parse("".join(lines), symbol=None).symbols == (symbol,)


def test_several_symbols(parse):
    """A file with a symbol column gives one batch for each symbol."""
    lines = [HEADING.replace("Date", "Symbol,Date"), *(f"{s},{row}" for s in ("B", "A") for row in (ROW_1, ROW_2))]
    parsed = parse("".join(lines), symbol=None)
    assert [(batch.symbol, len(batch.bars)) for batch in parsed.batches] == [("A", 2), ("B", 2)]


def test_symbol_selects_rows(parse):
    """With `symbol` only its rows are read, and a note says how many others there were."""
    lines = [HEADING.replace("Date", "Symbol,Date"), *(f"{s},{row}" for s in ("B", "A", "C") for row in (ROW_1, ROW_2))]
    parsed = parse("".join(lines), symbol="A")
    assert (parsed.symbols, parsed.read) == (("A",), 2)
    assert "4 rows of other symbols left out" in parsed.notes
    with pytest.raises(DataError, match="no row is of symbol a; close ones are A"):
        parse("".join(lines), symbol="a")


def test_symbol_has_to_be_told(parse):
    """A file without a symbol column and without `symbol` is refused with the remedy."""
    with pytest.raises(InvalidParameterError, match="pass symbol="):
        parse(PLAIN, symbol=None)


def test_extra_columns_are_noted(parse):
    """Columns that are no part of a bar are left out and named."""
    parsed = parse(PLAIN.replace("Volume", "Volume,Adj Close").replace("00\n", "00,5.5\n"))
    assert rows_of(parsed) == EXPECTED
    assert parsed.notes[0] == "columns left out: Adj Close"


@pytest.mark.parametrize(("old", "new"), [("Volume", "close"), ("High", "OPEN"), ("Volume", "Timestamp")])
def test_two_headings_of_one_meaning(parse, old, new):
    """Two headings that mean the same column are refused, both named."""
    with pytest.raises(DataError, match=rf"{new}.*keep one of them"):
        parse(PLAIN.replace(old, new))


def test_missing_columns_are_named(parse):
    """A file that lacks columns is refused with their names and its headings."""
    with pytest.raises(
        DataError, match=r"no column for low, volume; its headings are Date, Open, High, Lo, Close, Vlume"
    ):
        parse(PLAIN.replace("Low", "Lo").replace("Volume", "Vlume"))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("2024-01-04,nan,11.75,11,11.25,1500", "price not finite"),
        ("2024-01-04,11.5,inf,11,11.25,1500", "price not finite"),
        ("2024-01-04,11.5,,11,11.25,1500", "missing price"),
        ("2024-01-04,11.5,$11,11,11.25,1500", "unparseable price"),
        ("2024-01-04,11.5,NA,11,11.25,1500", "unparseable price"),
        ("2024-01-04,-1,11.75,-1,11.25,1500", "negative price"),
        ("2024-01-04,11.5,10,11,11.25,1500", "high below low"),
        ("2024-01-04,12,11.75,11,11.25,1500", "open outside low to high"),
        ("2024-01-04,11.5,11.75,11,10,1500", "close outside low to high"),
        ("2024-01-04,9223372037,9223372037,9223372037,9223372037,1500", "price too large"),
        ("2024-01-04,1e30,1e30,1e30,1e30,1500", "price too large"),
        ("2024-01-04,1e400,1e400,1e400,1e400,1500", "price too large"),
        ("2024-01-04,11.5,11.75,11,11.25,-1", "negative volume"),
        ("2024-01-04,11.5,11.75,11,11.25,1.5", "fractional volume"),
        ("2024-01-04,11.5,11.75,11,11.25,", "missing volume"),
        ("2024-01-04,11.5,11.75,11,11.25", "missing volume"),
        ("2024-01-04,11.5,11.75,11,11.25,2M", "unparseable volume"),
        ("2024-01-04,11.5,11.75,11,11.25,inf", "volume not finite"),
        ("2024-01-04,11.5,11.75,11,11.25,99999999999999999999", "volume too large"),
        (",11.5,11.75,11,11.25,1500", "missing time"),
        ("04.01.24,11.5,11.75,11,11.25,1500", "unparseable time"),
        ("2024-13-04,11.5,11.75,11,11.25,1500", "unparseable time"),
        ("1200-01-04,11.5,11.75,11,11.25,1500", "time out of range"),
        ("9999-01-04,11.5,11.75,11,11.25,1500", "time out of range"),
        ("2024-01-04,11.5,11.75,11,11.25,1500,7", "more fields than headings"),
        ("2024-01-03,10.75,12,10.5,11.5,2000", "duplicate row"),
        ("2024-01-01,11.5,11.75,11,11.25,1500", "out of order"),
        ("2024-01-03 00:00:01,11.5,11.75,11,11.25,1500", "within the period of another row"),
        ('"2024-01-04,11.5,11.75,11,11.25,1500', "unparseable time"),
    ],
)
def test_bad_row_among_good_ones(parse, bad, reason):
    """A bad row is kept in the report with its line, reason and text, and the good rows are read."""
    parsed = parse(PLAIN + bad + "\n", rtype=35)
    assert rows_of(parsed) == EXPECTED
    assert (parsed.read, parsed.rejected, parsed.reasons) == (3, 1, {reason: 1})
    row, why, text = parsed.rejected_rows.row(0)
    assert (row, why) == (4, reason)
    assert text.startswith(bad.strip('"')[:10])
    with pytest.raises(InvalidBarsError, match=f"1 of its 3 rows are no bars: 1 {reason}") as caught:
        parse(PLAIN + bad + "\n", rtype=35, strict=True)
    assert (caught.value.reasons, caught.value.rows) == ({reason: 1}, (4,))


def test_conflicting_rows(parse):
    """Rows that disagree about one time are all rejected, those that repeat it too."""
    parsed = parse(HEADING + ROW_1 + ROW_2 + ROW_2.replace("2000", "2001") + ROW_2 + ROW_3, rtype=35)
    assert parsed.reasons == {"conflicting rows for one time": 3}
    assert [ts for ts, *_ in rows_of(parsed)] == [day_start_ns("2024-01-02"), day_start_ns("2024-01-04")]


def test_bad_row_does_not_spoil_a_good_one_of_its_time(parse):
    """A row rejected for itself is no conflict with the good row of the same time."""
    parsed = parse(PLAIN + ROW_2.replace("2000", "-5"))
    assert parsed.reasons == {"negative volume": 1}
    assert rows_of(parsed) == EXPECTED


def test_newest_first(parse):
    """A file that runs wholly backwards is turned round and says so."""
    parsed = parse(HEADING + ROW_3 + ROW_2 + ROW_1)
    assert [ts for ts, *_ in rows_of(parsed)] == [day_start_ns(f"2024-01-0{day}") for day in (2, 3, 4)]
    assert "rows were newest first: turned round" in parsed.notes
    assert parsed.rejected == 0


def test_sort_accepts_any_order(parse):
    """With `sort` rows in any order are accepted; without it those that go back are rejected."""
    content = HEADING + ROW_1 + ROW_3 + ROW_2
    assert parse(content, rtype=35).reasons == {"out of order": 1}
    assert len(parse(content, sort=True).batches[0].bars) == 3


def test_every_row_bad(parse):
    """A file without one good row is an error with the counts, the lines and the text of the first."""
    with pytest.raises(InvalidBarsError, match=r"none of its 2 rows is a bar: 2 unparseable price.*row 2.*2024-01-02"):
        parse(PLAIN.replace("10.5", "x"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n \n", "the file is empty"),
        (HEADING.encode(), "headings but no rows"),
        (b"just one line\nand another\n", "holds no headings separated by"),
        (b"1704153600,1,2,3,4\n1704153601,1,2,3,4\n", "no column for a time"),
        (PLAIN.encode().replace(b"10.5", b"10\x005"), "NUL bytes"),
        (bytes(range(256)) * 20, "is not a text file|not a text file|is not utf-8"),
        (b"PAR1" + b"\0" * 50, "not a text file but a Parquet file"),
        (b"PK\x03\x04\xff\xff\0\0", "not a text file but a zip archive"),
        ("Datum;Öffnung".encode("latin-1"), "line 1 is not utf-8 .*encoding='cp1252'"),
        (
            PLAIN.replace("2024-01-02", "5").replace("2024-01-03", "1704240000").encode(),
            "not all between 1971 and 2199",
        ),
        (PLAIN.replace("10.75", '"1,234.56"').encode(), "thousands separators"),
        (PLAIN.replace("10.75", '"1,234,567"').encode(), "thousands separators"),
        (
            (HEADING + '2024-01-02,"1,234","1,234","1,234","1,234",5\n').encode(),
            "marks decimals or thousands; pass decimal",
        ),
        (b'"' * 100_000, "holds no headings"),
        (b"a" * 200_000 + b",b\n1,2\n", "holds no headings"),
    ],
)
def test_files_that_are_refused(parse, content, message):
    """What is no CSV of bars is refused with a typed error that says what is wrong."""
    with pytest.raises(DataError, match=message):
        parse(content)


def test_database_named_csv(tmp_path):
    """A database named .csv is called what it is."""
    path = tmp_path / "bars.csv"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    with pytest.raises(VendorFileError, match="an SQLite database"):
        read_source(path, symbol="X")


def test_thousands_in_a_decimal_comma_file_are_never_misread(parse):
    """Where the comma marks decimals, a full stop makes a number unreadable instead of a thousand times too small."""
    content = PLAIN.replace(",", ";").replace("10.75", "1.234").replace(";11;", ";1,5;")
    with pytest.raises(InvalidBarsError, match="unparseable price"):
        parse(content, decimal=",")


def test_other_encoding_is_told(parse):
    """A file in another encoding reads with `encoding`, and an unknown name is refused."""
    content = (HEADING.replace("Date", "Symbol,Date") + f"Ä,{ROW_1}Ä,{ROW_2}").encode("latin-1")
    with pytest.raises(DataError, match="line 2 is not utf-8"):
        parse(content, symbol=None)
    assert parse(content, symbol=None, encoding="latin-1").symbols == ("Ä",)
    with pytest.raises(InvalidParameterError, match="unknown encoding klingon"):
        parse(content, symbol=None, encoding="klingon")


@pytest.mark.parametrize(
    ("symbol", "reason"),
    [
        ("S" * 10_000, "invalid symbol"),
        ("S" * 256, "invalid symbol"),
        ("A\tB", "invalid symbol"),
        ("", "missing symbol"),
    ],
)
def test_unusable_symbols_are_rejected_rows(parse, symbol, reason):
    """A row whose symbol cannot be stored is rejected, and its text in the report is cut."""
    lines = [HEADING.replace("Date", "Symbol,Date"), f"A,{ROW_1}", f"{symbol},{ROW_1}", f"A,{ROW_2}"]
    parsed = parse("".join(lines), symbol=None)
    assert (parsed.symbols, parsed.reasons) == (("A",), {reason: 1})
    assert len(parsed.rejected_rows["text"][0]) <= 200


def test_stray_quote_swallows_no_rows(parse):
    """A quote that is never closed costs its own line only."""
    days = [f"2024-01-{day:02},10,11,9,10,5" for day in range(2, 20)]
    days[3] = days[3].replace("10,11", '"10,11')
    parsed = parse(HEADING + "\n".join(days))
    assert (parsed.read, parsed.rejected, len(parsed.batches[0].bars)) == (18, 1, 17)
    assert parsed.rejected_rows["row"][0] == 5


def test_quoted_line_break_joins_no_rows(parse):
    """A quoted field that runs over a line break, even one that fits the headings, does not hide a row."""
    parsed = parse(PLAIN + '2024-01-04,"11,12,10,11,5\n2024-01-05,11",12,10,11,5\n2024-01-08,1,1,1,1,1\n')
    assert (parsed.read, len(parsed.batches[0].bars)) == (5, 3)
    assert parsed.rejected_rows["row"].to_list() == [4, 5]


def test_huge_field(parse):
    """A field of a million characters costs its own line only."""
    parsed = parse(PLAIN + "2024-01-04," + "9" * 1_000_000 + ",1,1,1,1\n2024-01-05,1,1,1,1,1,1\n")
    assert rows_of(parsed) == EXPECTED
    assert parsed.read == 4


@pytest.mark.parametrize("keep", [5, -30, -1])
def test_truncated_gzip(parse, keep):
    """A gzip file that ends early is refused, not read in part."""
    with pytest.raises(VendorFileError, match="end early"):
        parse(gzip.compress((PLAIN * 50).encode())[:keep], "bars.csv.gz")


def test_corrupt_gzip(parse):
    """A file that is only named .gz is called what it is."""
    with pytest.raises(VendorFileError, match="not a readable gzip file but something else"):
        parse(PLAIN, "bars.csv.gz")


def test_files_that_cannot_be_opened(tmp_path, monkeypatch):
    """A missing file, a folder and a forbidden file are told apart."""
    with pytest.raises(DataError, match="no such file"):
        read_source(tmp_path / "none.csv", symbol="X")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match="is a folder"):
        read_source(tmp_path / "folder.csv", symbol="X")
    with pytest.raises(DataError, match="is a folder"):
        read_source(tmp_path, symbol="X")
    with pytest.raises(DataError, match="cannot be read"):
        read_source("a\0b.csv", symbol="X")

    def forbidden(*_):
        raise PermissionError

    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(DataError, match="may not be read"):
        read_source(tmp_path / "secret.csv", symbol="X")


@pytest.mark.parametrize("name", ["bars.7z", "bars.xlsx", "bars", "bars.csv.bz2"])
def test_unknown_kinds(parse, name):
    """A file of no known kind is refused with the kinds that are read."""
    with pytest.raises(DataError, match=r"the kinds are \.csv, .*\.parquet.*\.dbn\.zst"):
        parse(PLAIN, name)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rtype": 99}, "invalid rtype 99"),
        ({"rtype": True}, "invalid rtype True"),
        ({"symbol": ""}, "is empty"),
        ({"symbol": "S" * 10_000}, "longer than 255"),
        ({"symbol_type": "isin"}, "unknown symbol_type isin"),
        ({"time_zone": "Mars/Olympus"}, "unknown time_zone Mars/Olympus"),
        ({"time_zone": "../../etc/passwd"}, "unknown time_zone"),
        ({"decimal": ";"}, "decimal is ';'"),
        ({"ts_unit": "weeks"}, "unknown ts_unit weeks"),
    ],
)
def test_wrong_arguments(parse, options, message):
    """A wrong argument is refused with its value."""
    with pytest.raises(InvalidParameterError, match=message):
        parse(PLAIN, **options)


def test_progress_grows_to_one(parse):
    """Progress is reported in growing shares up to 1, and what the callback raises ends the reading."""
    shares = []
    parse(PLAIN, on_progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0

    def stop(_share):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        parse(PLAIN, on_progress=stop)
