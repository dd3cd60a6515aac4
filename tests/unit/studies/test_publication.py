"""What of a record becomes visible: named keys, and texts without paths."""

import pytest

from barscope.store.run_reader import RunRecord
from barscope.studies.publication import public_record, without_paths


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cannot read /home/jane/bars/a.csv", "cannot read …"),
        ("error:/srv/data/x.db is damaged", "error:… is damaged"),
        ("file:///home/jane/a.csv gone", "… gone"),
        ("~/bars.csv and ~/bars/a.csv", "… and …"),
        ("../secret/a.py", "…"),
        (r"C:\Users\jane\bars.csv", "…"),
        (r"\\server\share\bars.csv", "…"),
        ("private/alpha/model.pkl", "…"),
        ("'/opt/a b/c.csv'", "'… b/c.csv'".replace("b/c.csv", "…")),
    ],
)
def test_paths_do_not_show(text, shown):
    """Whatever reads like the path of a file is an ellipsis."""
    assert without_paths(text) == shown


@pytest.mark.parametrize(
    "text",
    ["BTC/USD and ES/NQ", "/ES", "SMA 20/100", "https://example.com/a/b", "a < b / c", "long/short", "n/a", "1d"],
)
def test_other_texts_stay(text):
    """Pairs, futures roots, fractions and web addresses are no paths."""
    assert without_paths(text) == text


def test_only_named_keys_are_published():
    """Source code, revisions, versions, feed settings and tracebacks are left out, and so is a key nobody knows."""
    config = {
        "mode": "backtest",
        "symbols": ["/ES/NQ"],
        "rtype": 35,
        "strategies": [
            {"name": "S", "source": "SECRET", "source_hash": "SECRET", "git_revision": "SECRET", "params": {}}
        ],
        "source_hashes": {"x": "SECRET"},
        "versions": {"python": "SECRET"},
        "git_revision": "SECRET",
        "datafeed": {"settings": {"path": "SECRET"}},
        "request": {"x": "SECRET", "timeframe": "1h"},
        "of a later version": "SECRET",
        "broker": {"settings": {"log": "/home/jane/SECRET/log.txt", "starting_cash": 5.0}},
    }
    metadata = {"final_equity": 1.5, "traceback": "SECRET", "error": "no /home/jane/SECRET", "row_counts": {"bars": 1}}
    record = RunRecord("r", "at /home/jane/SECRET", 1, 2, "failed", config, metadata)
    public = public_record(record, "Europe/Berlin")
    assert "SECRET" not in repr(public)
    assert public.config["symbols"] == ["/ES/NQ"]
    assert public.config["strategies"] == [{"name": "S", "params": {}}]
    assert public.config["broker"] == {"settings": {"log": "…", "starting_cash": 5.0}}
    assert public.config["zone"] == "Europe/Berlin"
    assert public.metadata == {"final_equity": 1.5, "error": "no …"}
    assert public.config["timeframe"] == "1h"
    assert "request" in record.config


def test_folders_of_the_user_are_hidden_by_name(tmp_path):
    """A folder with a blank in its name, which no pattern finds, is hidden where it is known."""
    secret = tmp_path / "my own data"
    record = RunRecord("r", f"{secret} was read", 1, 2, "completed", {}, {})
    assert public_record(record, "UTC", [secret]).name == "… was read"
