"""The clients of vendors are not imported by barscope itself."""

import subprocess
import sys

HEAVY = ("databento", "yfinance", "curl_cffi", "sqlite3", "peewee")
PROGRAM = f"""
import sys
import barscope as bs
with bs.Workspace(sys.argv[1]) as ws:
    ws.scenarios
import barscope.ingest.vendors.client_process
print(sorted(set({HEAVY!r}) & set(sys.modules)))
"""


def test_no_client_is_imported_before_its_process_asks(tmp_path):
    """A workspace with all its price sources, and the module that starts the clients, import none of them."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
