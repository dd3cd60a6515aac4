"""Rules of the house that no tool of `make lint` knows, read off the syntax trees of the package.

A rule finds what is forbidden. What is allowed all the same is listed beside it by its place, with the reason; a place
that no longer needs its line fails too.
"""

import ast
import importlib.metadata
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import barscope

SOURCE = Path(barscope.__file__).parent
Found = Iterator[tuple[ast.AST, str]]


@dataclass(frozen=True)
class Module:
    """A file of the package, its tree, and where each node of it stands."""

    name: str
    tree: ast.Module

    @property
    def room(self):
        """The folder it is in."""
        return self.name.split("/")[0]

    @property
    def nodes(self):
        """Every node with the qualified name of the class or function around it; docstrings are left out."""
        return _placed(self.tree)


@dataclass(frozen=True)
class Rule:
    """What is forbidden, where it is allowed and why, and violations to prove that they are found.

    Attributes:
        find: Gives the nodes that break it, each with what it does.
        planted: Pieces of code that break it, each with the module it would stand in.
        allowed: `module place` or `module: what` → why it may.
    """

    find: Callable[[Module], Found]
    planted: tuple[tuple[str, str], ...]
    allowed: Mapping[str, str] = field(default_factory=dict)

    def violations(self, module):
        """What breaks it in a module: (`module place`, `module: what`), each once."""
        places = {id(node): f"{module.name} {place}".strip() for node, place in module.nodes}
        return sorted({(places[id(node)], f"{module.name}: {what}") for node, what in self.find(module)})


@cache
def _parsed(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return Module(path.relative_to(SOURCE).as_posix(), tree)


def package():
    """All modules of barscope."""
    return [_parsed(path) for path in sorted(SOURCE.rglob("*.py"))]


_NODES: dict[ast.Module, list[tuple[ast.AST, str]]] = {}
_NAMED = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def _placed(tree):
    if tree not in _NODES:
        _NODES[tree] = list(_walk(tree))
    return _NODES[tree]


def _walk(tree):
    waiting = [(tree, "")]
    while waiting:
        node, place = waiting.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, _NAMED):
                inner = f"{place}.{child.name}".lstrip(".")
            elif isinstance(child, ast.Expr) and _documents(node, child):
                continue
            else:
                inner = place
            yield child, inner
            waiting.append((child, inner))


def _documents(node, child):
    """Whether it is a docstring, or the text below an attribute."""
    text = isinstance(child.value, ast.Constant) and isinstance(child.value.value, str)
    of_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and child is node.body[0]
    return text and (of_function or isinstance(node, ast.Module | ast.ClassDef))


def _dotted(node):
    """`time.time_ns` of such an expression; the last name only where it hangs on something else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr}" if before else f".{node.attr}"
    return ""


def _imports(module):
    """Each import as (node, whole name of what is imported)."""
    for node, _ in module.nodes:
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def _calls(module):
    """Each call as (node, name of what is called)."""
    return ((node, _dotted(node.func)) for node, _ in module.nodes if isinstance(node, ast.Call))


# ---- the rules

_FILE_CALLS = re.compile(
    r"(.*\.)?(read_bytes|write_bytes|read_text|write_text|copyfile|copyfileobj|copytree|copy2|fromfile|memmap|mmap)"
    r"|shutil\.(copy|move)|(os|io|gzip|builtins)\.open|open|os\.(replace|rename|truncate|link|remove|unlink)"
    r"|.*\.(unlink|symlink_to|hardlink_to)"
)
_MODE = re.compile(r"[rwaxbt+]{1,3}")


def opened_files(module: Module) -> Found:
    """Files that are opened, copied or removed."""
    for node, name in _calls(module):
        modes = [a.value for a in [*node.args, *(k.value for k in node.keywords)] if isinstance(a, ast.Constant)]
        has_mode = any(isinstance(mode, str) and _MODE.fullmatch(mode) for mode in modes)
        opens = name.endswith(".open") and (has_mode or not (node.args or node.keywords))
        moves = (
            name.endswith((".replace", ".rename")) and len(node.args) == 1 and module.room not in ("widgets", "studies")
        )
        if opens or moves or _FILE_CALLS.fullmatch(name):
            yield node, name.rpartition(".")[2]


_OTHER_SQLITE = {"sqlite3", "pysqlite3", "_sqlite3", "sqlean", "aiosqlite", "sqlalchemy", "peewee", "sqlite_utils"}


def sqlite_libraries(module: Module) -> Found:
    """Another SQLite library than apsw anywhere, and apsw outside the store."""
    for node, name in _imports(module):
        top = name.split(".")[0]
        if top in _OTHER_SQLITE or (top == "apsw" and module.room != "store" and not _is_for_types(module, node)):
            yield node, top


def _is_for_types(module, wanted):
    blocks = (node for node, _ in module.nodes if isinstance(node, ast.If) and _dotted(node.test) == "TYPE_CHECKING")
    return any(wanted in ast.walk(block) for block in blocks)


_CODE_IMPORTS = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
_CODE_CALLS = {"eval", "exec", "compile", "__import__", "breakpoint"}


def code_from_data(module: Module) -> Found:
    """Data that could become code: pickles, and text that is run."""
    for node, name in _imports(module):
        if name.split(".")[0] in _CODE_IMPORTS:
            yield node, name.split(".")[0]
    for node, name in _calls(module):
        if name in _CODE_CALLS or name.endswith((".read_pickle", ".to_pickle")):
            yield node, name.rpartition(".")[2]
        for keyword in node.keywords:
            if keyword.arg == "allow_pickle" and getattr(keyword.value, "value", None) is not False:
                yield node, "allow_pickle"


_CLOCKS = re.compile(
    r"time\.(time|time_ns|monotonic|monotonic_ns|perf_counter|perf_counter_ns|process_time|localtime|gmtime|ctime)"
    r"|(.*\.)?(datetime|date|Timestamp)\.(now|utcnow|today)"
)
_CHANCE = re.compile(
    r"random\..+|secrets\..+|uuid\.uuid[14]|uuid[14]|os\.(urandom|getrandom)|(np|numpy)\.random\.(?!default_rng|Generator).+"
)


def clock_or_chance(module: Module) -> Found:
    """The time of day, or randomness without a seed, in the rooms whose results have to repeat themselves."""
    if module.room not in ("engine", "domain", "indicators"):
        return
    arguments = [node for node, _ in module.nodes if isinstance(node, ast.arguments)]
    defaults = {id(default) for given in arguments for default in (*given.defaults, *given.kw_defaults)}  # injected
    for node, _ in module.nodes:
        name = _dotted(node) if isinstance(node, ast.Name | ast.Attribute) else ""
        if (_CLOCKS.fullmatch(name) or _CHANCE.fullmatch(name)) and id(node) not in defaults:
            yield node, name
    for node, name in _calls(module):
        if name.endswith("default_rng") and not (node.args or node.keywords):
            yield node, "default_rng()"
    for node, name in _imports(module):
        if _CLOCKS.fullmatch(name) or _CHANCE.fullmatch(name) or name in ("random", "secrets"):
            yield node, name


_TAG = re.compile(
    r"</?[a-zA-Z][a-zA-Z0-9]*(\s[^<>]*)?/?>|<[a-z]+\s+[a-z-]+=|<!doctype|&(amp|lt|gt|quot|nbsp|#\d+);", re.IGNORECASE
)


def raw_html(module: Module) -> Found:
    """Markup outside the module that escapes it, and an HTML widget that is not given text from there."""
    if module.name == "charts/text.py":
        return
    for node, _ in module.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _TAG.search(node.value):
            yield node, _TAG.search(node.value).group()[:24]
    for node, name in _calls(module):
        content = [*node.args, *(k.value for k in node.keywords if k.arg == "value")]
        if name in ("widgets.HTML", "HTML", "IPython.display.HTML") and content:
            called = _dotted(content[0].func) if isinstance(content[0], ast.Call) else ""
            if called not in _escaping():
                yield node, "HTML of something else"


@cache
def _escaping():
    tree = _parsed(SOURCE / "charts" / "text.py").tree
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")}


_SQL_WORD = re.compile(r"\b(SELECT|FROM|WHERE|VALUES|INTO|UPDATE|SET|ORDER BY|GROUP BY|LIMIT|PRAGMA|INDEX|TABLE)\b")
_CONSTANT = re.compile(r"[A-Z_0-9]+|', '\.join\(([A-Z_0-9]+|'\?' \* .+)\)")
_SQL = re.compile(
    r"^\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER|PRAGMA|ATTACH|DETACH|VACUUM|SAVEPOINT|ROLLBACK|RELEASE"
    r"|ANALYZE|REINDEX|WITH|EXPLAIN)\s"
)


def composed_sql(module: Module) -> Found:
    """What is put into the text of a statement, other than constants of a module and question marks."""
    inner = {id(part) for node, _ in module.nodes if isinstance(node, ast.BinOp) for part in (node.left, node.right)}
    for node, _ in module.nodes:
        put = []
        if isinstance(node, ast.JoinedStr) and _is_statement(module, node):
            put = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod) and id(node) not in inner:
            put = [node.right] if _is_statement(module, _leftmost(node)) else []
        elif isinstance(node, ast.Call) and _dotted(node.func) == ".format" and _is_statement(module, node.func.value):
            put = [node]
        for expression in put:
            text = ast.unparse(expression)
            if not _CONSTANT.fullmatch(text):
                yield node, text


def _leftmost(node):
    while isinstance(node, ast.BinOp):
        node = node.left
    return node


def _is_statement(module, node):
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    is_sql = _SQL_WORD.search if module.room == "store" else _SQL.match
    return any(is_sql(text) for text in texts)


def sql_elsewhere(module: Module) -> Found:
    """Statements outside the store."""
    if module.room == "store":
        return
    for node, _ in module.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _SQL.match(node.value):
            yield node, node.value.split()[0]


def printing(module: Module) -> Found:
    """`print`."""
    return ((node, "print") for node, name in _calls(module) if name == "print")


def sleeping(module: Module) -> Found:
    """A wait for time to pass, where an event, a lock or a process should be waited for."""
    return ((node, "sleep") for node, name in _calls(module) if name.rpartition(".")[2] == "sleep")


def broad_excepts(module: Module) -> Found:
    """An `except` or `suppress` that takes every exception and does not raise it again at its end."""
    for node, _ in module.nodes:
        if isinstance(node, ast.ExceptHandler):
            if isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None:
                continue
            kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        elif isinstance(node, ast.Call) and _dotted(node.func).endswith("suppress"):
            kinds = node.args
        else:
            continue
        for kind in kinds:
            if kind is None or _dotted(kind) in ("Exception", "BaseException"):
                yield node, "everything" if kind is None else _dotted(kind)


RULES = {
    "opened files": Rule(
        opened_files,
        planted=(
            ("store/runs.py", "def leak(path):\n    with open(path, 'rb') as file:\n        return file.read(16)"),
            ("store/health.py", "def head(self):\n    return self.path.read_bytes()[:16]"),
            ("workspace/backup.py", "import shutil\ndef backup(a, b):\n    shutil.copyfile(a, b)"),
            ("workspace/backup.py", "def backup(path):\n    return path.open(mode='rb')"),
            ("workspace/backup.py", "def backup(path):\n    return path.open()"),
            ("store/runs.py", "def put(part, path):\n    part.replace(path)"),
        ),
        # SQLite's locks of a process go when it closes any descriptor of the file: nothing here may be a live database.
        allowed={
            "charts/export.py _photograph": "a page and its picture in a folder of its own",
            "charts/export.py write_file": "what a user asked to be written, moved into its place",
            "charts/parts.py asset": "a file of the package",
            "cli/dashboard.py _read_token": "the token file that was named",
            "cli/notebooks.py notebook_folder": "notebooks of the package",
            "dashboard/guarded.py": "a file of the package",
            "dashboard/kernel.py _code_cells": "a file of the package",
            "dashboard/viewport.py Viewport": "a file of the package",
            "engine/revision.py _git_folder": "a file of git",
            "engine/revision.py _head": "a file of git",
            "indicators/loading.py _load_file": "a user's Python file",
            "ingest/archive.py Archive.__init__": "a vendor's archive",
            "ingest/batch.py Batch.unpacked": "a copy of an entry in a folder of its own",
            "ingest/batch.py Folder.chunks": "a vendor's file",
            "ingest/dbn.py decode": "a vendor's file, and what was unpacked of it",
            "ingest/dbn_child.py unpack": "a vendor's file",
            "ingest/delimited.py read_delimited": "a user's file",
            "ingest/files.py read_bytes": "a user's file",
            "ingest/frames.py table_of_parquet": "a user's file",
            "ingest/reference_table.py _table": "the columns of a frame, no file",
            "ingest/vendors/daily_cache.py DailyCache.find": "a Parquet file of the cache",
            "ingest/vendors/daily_cache.py DailyCache.keep": "a Parquet file of the cache, moved into its place",
            "store/locks.py FileLock.release": "an empty lock file",
            "store/locks.py _lock": "an empty lock file",
            "store/owners.py is_held": "an empty lock file",
            "store/snapshot.py _flush": "a snapshot that is being published, and its folder",
            "store/snapshot.py _move": "a snapshot, moved into its place; readers keep what they have open",
            "store/snapshot.py write_snapshot": "what a killed writer left of a snapshot",
            "studies/sweep_processes.py ProcessCrew.__init__": "the work of a sweep, in a folder of its own",
            "studies/sweep_processes.py ProcessCrew.take_back": "bars for its processes, in a folder of its own",
            "studies/sweep_processes.py _work": "the work of a sweep, in a folder of its own",
            "studies/vendor_prices.py VendorPrices.fetch": "a download",
            "widgets/live_figure.py _asset": "a file of a package",
            "widgets/live_figure.py _bundle": "a file of a package",
            "widgets/surroundings.py asset": "a file of the package",
            "workspace/preset_files.py _content": "a user's file of presets",
        },
    ),
    "one SQLite library": Rule(
        sqlite_libraries,
        planted=(
            ("store/runs.py", "import sqlite3"),
            ("store/runs.py", "from sqlite3 import connect"),
            ("studies/results.py", "def late():\n    import apsw"),
        ),
        allowed={"cli/doctor.py _sqlite": "says its version"},
    ),
    "no code from data": Rule(
        code_from_data,
        planted=(
            ("store/columns.py", "import pickle"),
            ("studies/sweep.py", "from cloudpickle import dumps"),
            ("studies/formula.py", "def value(text):\n    return eval(text)"),
            ("store/columns.py", "import numpy as np\nx = np.load('a.npy', allow_pickle=True)"),
            ("ingest/frames.py", "import pandas as pd\nx = pd.read_pickle('a')"),
        ),
        allowed={
            "indicators/loading.py _load_file": "runs the user's own files: that is what it is for",
            "studies/sweep_packing.py": "sends classes of a notebook to the processes of a sweep; reads nothing stored",
        },
    ),
    "no clock and no chance": Rule(
        clock_or_chance,
        planted=(
            ("engine/clock.py", "import time\ndef now():\n    return time.time_ns()"),
            ("engine/clock.py", "from time import monotonic"),
            ("domain/rolls.py", "import datetime as dt\ntoday = dt.date.today()"),
            ("domain/orders.py", "import uuid\nnew_id = uuid.uuid4()"),
            ("engine/replay.py", "import random"),
            ("indicators/sar.py", "import numpy as np\nnoise = np.random.normal()"),
            ("indicators/sar.py", "import numpy as np\nrng = np.random.default_rng()"),
        ),
    ),
    "HTML in one place": Rule(
        raw_html,
        planted=(
            ("widgets/notices.py", "def say(text):\n    return f'<b>{text}</b>'"),
            ("widgets/notices.py", "def say(text):\n    return '<img src=' + text + ' />'"),
            ("widgets/notices.py", "import ipywidgets as widgets\nbox = widgets.HTML(error)"),
            ("charts/legend.py", "text = '<br>'.join(names)"),
        ),
        allowed={
            "charts/export.py html": "an empty element of the program",
            "charts/export.py _photograph": "the body of Plotly's own page",
            "charts/picture.py Area.svg": "SVG of numbers",
            "charts/picture.py Boxes.svg": "SVG of numbers",
            "charts/picture.py Label.svg": "SVG, its text escaped",
            "charts/picture.py Line.svg": "SVG of numbers",
            "charts/picture.py Picture.svg": "SVG, its title escaped",
            "dashboard/app.py": "a constant page without a word of a user",
            "dashboard/guarded.py notice": "a constant with a number",
        },
    ),
    "values are bound": Rule(
        composed_sql,
        planted=(
            (
                "store/runs.py",
                "def get(self, run_id):\n    return self.rows(f\"SELECT * FROM runs WHERE run_id = '{run_id}'\")",
            ),
            (
                "store/runs.py",
                "def get(self, run_id):\n    return self.rows('SELECT * FROM runs WHERE run_id = ' + run_id)",
            ),
            (
                "store/runs.py",
                "def get(self, run_id):\n    return self.rows('SELECT * FROM runs WHERE run_id = %s' % run_id)",
            ),
            (
                "store/runs.py",
                "def get(self, run_id):\n    return self.rows('SELECT * FROM runs WHERE run_id = {}'.format(run_id))",
            ),
            ("store/presets.py", "def get(self, name):\n    return self.rows(f'{_INDICATORS} WHERE name = {name}')"),
        ),
        allowed={
            "store/annotations.py: where": "three columns, named in the same function",
            "store/health.py: table": "tables of ours",
            "store/named_table.py: ', '.join(self._columns)": "columns of a table of ours, given by its owner",
            "store/named_table.py: self._columns[0]": "as above",
            "store/named_table.py: self._select()": "as above",
            "store/named_table.py: self._table": "as above",
            "store/named_table.py: key": "as above",
            "store/presets.py: ', '.join(columns)": "columns of ours",
            "store/presets.py: assignments": "columns of ours: others are refused before",
            "store/presets.py: column": "a column of ours, named by the callers",
            "store/presets.py: table": "a table of ours",
            "store/run_events.py: ', '.join(columns)": "columns as the schema names them",
            "store/run_events.py: table": "an event table",
            "store/run_reader.py: column": "a column of ours, named by the callers",
            "store/run_reader.py: where": "a constant of the callers",
            "store/run_rows.py: some": "a query of ours",
            "store/run_rows.py: t": "an event table",
            "store/run_rows.py: table": "an event table",
            "store/run_writer.py: marks": "question marks",
            "store/run_writer.py: names": "columns that `append` has checked",
            "store/run_writer.py: self.table": "a table that `append` has checked",
            "store/runs_schema.py: columns": "the schema",
            "store/runs_schema.py: order_id": "the schema",
            "store/runs_schema.py: table": "the schema",
            "store/secmaster.py: where": "four columns, named in the same function",
            "store/snapshot.py: columns": "columns as the schema names them",
            "store/snapshot.py: marks": "question marks",
            "store/snapshot.py: table": "a table of ours",
        },
    ),
    "SQL in the store": Rule(
        sql_elsewhere,
        planted=(("studies/results.py", "def rows(database):\n    return database.rows('SELECT run_id FROM runs')"),),
    ),
    "no print": Rule(
        printing,
        planted=(("engine/replay.py", "def replay(bars):\n    print(len(bars))"),),
        allowed={
            "cli/backtest.py backtest": "JSON for another program: the console would wrap it",
            "cli/quality.py quality": "CSV for another program",
            "cli/runs.py runs": "JSON for another program",
            "cli/scenario.py _tell": "JSON for another program",
            "cli/sweep.py sweep": "JSON for another program",
            "ingest/vendors/client_process.py _say": "what a child process tells its parent",
        },
    ),
    "no sleep": Rule(
        sleeping,
        planted=(
            ("store/locks.py", "import time\ndef wait():\n    time.sleep(0.1)"),
            ("widgets/poller.py", "from time import sleep\nsleep(1)"),
        ),
    ),
    "no broad except": Rule(
        broad_excepts,
        planted=(
            ("store/runs.py", "def get():\n    try:\n        read()\n    except Exception:\n        return None"),
            ("store/runs.py", "def get():\n    try:\n        read()\n    except:\n        return None"),
            (
                "store/runs.py",
                "def get():\n    try:\n        read()\n    except (OSError, Exception):\n        return None",
            ),
            ("store/runs.py", "import contextlib\nwith contextlib.suppress(Exception):\n    read()"),
        ),
        allowed={
            "engine/orchestrator.py Orchestrator.run": "user code: the run fails and the error is raised",
            "engine/strategy.py Strategy.parameter_values": "user code: the error names the strategy",
            "errors.py text_of": "user code: an exception that cannot be told must not hide what it ends",
            "indicators/core.py _checked.checked": "user code: the error names the indicator",
            "indicators/loading.py _load_file": "user code: shown with its error",
            "indicators/loading.py load_packages": "another package: shown with its error",
            "indicators/registry.py _made": "user code: the error names the indicator",
            "indicators/streams.py BarStream._call": "user code: the error names the indicator",
            "jobs/executor.py InlineExecutor.submit": "the contract of a future",
            "jobs/runner.py _run": "the end of a job",
            "studies/sweep_plan.py _indicator_hashes": "user code: each child of the sweep says what it raises",
            "studies/sweep_work.py _child": "user code: a child that fails leaves the others alone",
            "widgets/guard.py Guard.__call__.guarded": "a panel shows what went wrong and lives on",
        },
    ),
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_the_package_keeps_the_rule(rule):
    """No module breaks it, but for the places listed with their reason, all of which are still needed."""
    broken = [both for module in package() for both in rule.violations(module)]
    used = {key for both in broken for key in both if key in rule.allowed}
    assert [f"{place}: {what.partition(': ')[2]}" for place, what in broken if not {place, what} & used] == []
    assert set(rule.allowed) == used


@pytest.mark.parametrize(
    ("rule", "name", "code"), [(rule, *plant) for rule in RULES.values() for plant in rule.planted]
)
def test_the_rule_catches_a_planted_violation(rule, name, code):
    """A module that breaks it is found, and none of the allowed places covers it."""
    found = rule.violations(Module(name, ast.parse(code)))
    assert found
    assert any(not {place, what} & set(rule.allowed) for place, what in found)


def test_clean_code_breaks_no_rule():
    """What only looks like a violation is none: a docstring with markup, an injected clock, a named error."""
    code = '''"""Text with <b>markup</b> and SELECT FROM."""
import time
def run(now_ns=time.time_ns):
    """Reads <i>bars</i>."""
    try:
        return "price < 5".replace("<", ">", 1), now_ns()
    except (OSError, ValueError):
        return None
    except BaseException:
        now_ns()
        raise
'''
    module = Module("engine/clean.py", ast.parse(code))
    assert [both for rule in RULES.values() for both in rule.violations(module)] == []


def test_the_installed_package_asks_for_one_sqlite_library():
    """What the wheel requires holds apsw and no other SQLite library."""
    required = {Requirement(line).name for line in importlib.metadata.requires("barscope")}
    assert "apsw" in required
    assert not {name.lower().replace("-", "_") for name in required} & {*_OTHER_SQLITE, "duckdb", "pysqlite3_binary"}


IMPORT_EVERYTHING = """
import importlib, pkgutil, sys, barscope
rooms = ("errors", "domain", "indicators", "store", "ingest", "engine", "jobs", "studies")
for room in rooms:
    for found in pkgutil.walk_packages([f"{barscope.__path__[0]}/{room}"], f"barscope.{room}."):
        importlib.import_module(found.name)
print(*sorted({"apsw", "_sqlite3", "peewee", "duckdb"} & sys.modules.keys()))
"""


def test_what_computes_and_stores_loads_no_second_sqlite_library():
    """With every module below the screen imported, apsw is there and the standard library's sqlite3 is not."""
    done = subprocess.run([sys.executable, "-c", IMPORT_EVERYTHING], capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.stderr) == (["apsw"], "")
