"""Kept bars: for which questions they are found, and where they lie."""

from dataclasses import replace

import numpy as np
import pytest

from barscope.domain.bars import Bars
from barscope.domain.time import NS_PER_DAY, day_start_ns
from barscope.ingest.vendors.daily_cache import DailyCache, Kept
from barscope.ingest.vendors.vendor import DailyQuestion, Delivery

QUESTION = DailyQuestion("databento", "GLD", "raw_symbol", "XNAS.ITCH", "2024-01-02", "2024-01-02", "2024-01-05")


def kept(first="2024-01-02", until="2024-01-06", **more):
    """Bars of a week."""
    ts = day_start_ns("2024-01-02") + np.arange(4) * NS_PER_DAY
    price = np.array([1.5, 2.25, 3.125, 1 / 3])
    return Kept(Bars(ts, price, price, price, price, np.arange(4)), Delivery(first, until, notes=["By hand."], **more))


def test_bars_come_back_as_they_were(tmp_path):
    """Bit for bit, with what was said of them."""
    cache = DailyCache(tmp_path)
    cache.keep(QUESTION, kept(cost_usd=0.5))
    found, damaged = cache.find(QUESTION)
    assert damaged == []
    assert found.bars.close.tobytes() == kept().bars.close.tobytes()
    assert found.bars.ts.tolist() == kept().bars.ts.tolist()
    assert found.delivery == kept(cost_usd=0.5).delivery


@pytest.mark.parametrize(
    "change",
    [
        {"symbol": "gld"},
        {"symbol_type": "continuous"},
        {"dataset": "GLBX.MDP3"},
        {"vendor": "yfinance"},
        {"start_date": "2024-01-01", "since_date": "2024-01-01"},
        {"since_date": "2023-12-01"},
        {"end_date": "2024-01-06"},
        {"end_date": None},
    ],
)
def test_other_questions_do_not_find_them(tmp_path, change):
    """Each part of the key counts, and every day has to be there; an open end is answered by the vendor alone."""
    cache = DailyCache(tmp_path)
    cache.keep(QUESTION, kept())
    assert cache.find(replace(QUESTION, **change)) == (None, [])


def test_bars_before_the_start_are_welcome_not_needed(tmp_path):
    """Where the vendor has nothing earlier, kept bars answer a question that would have liked more."""
    cache = DailyCache(tmp_path)
    cache.keep(QUESTION, kept(nothing_before=True))
    assert cache.find(replace(QUESTION, since_date="2023-12-01"))[0] is not None
    assert cache.find(replace(QUESTION, start_date="2023-12-01", since_date="2023-12-01"))[0] is None


@pytest.mark.parametrize("symbol", ["..", "../../x", "/etc/passwd", ".", "A/B", "^GSPC", "Ä" * 255, "a\\b", "%2e%2e"])
def test_no_symbol_leads_out_of_the_folder(tmp_path, symbol):
    """Whatever a symbol is called, its bars lie five folders below the cache, and are found again."""
    cache = DailyCache(tmp_path / "kept")
    question = replace(QUESTION, symbol=symbol)
    path = cache.keep(question, kept())
    assert len(path.resolve().relative_to(tmp_path / "kept").parts) == 6
    assert cache.find(question)[0] is not None


def test_a_changed_byte_is_seen_anywhere(tmp_path):
    """A file whose content is not that of its name is damaged, before it is decoded."""
    cache = DailyCache(tmp_path)
    path = cache.keep(QUESTION, kept())
    whole = path.read_bytes()
    for content in (b"", whole[:-1], whole + b"x", bytes([whole[0] ^ 1]) + whole[1:], b"PAR1" * 40):
        path.write_bytes(content)
        assert cache.find(QUESTION) == (None, [path])


def test_a_half_written_file_is_not_found(tmp_path):
    """What a killed process left under another name is no bars."""
    cache = DailyCache(tmp_path)
    path = cache.keep(QUESTION, kept())
    path.rename(path.with_suffix(".part"))
    assert cache.find(QUESTION) == (None, [])
