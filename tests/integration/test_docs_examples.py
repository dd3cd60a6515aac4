"""The documentation is true: its examples run, its links lead somewhere, and it names everything that is public."""

import re
import shutil
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest

import barscope as bs
from barscope.cli.app import COMMANDS
from barscope.indicators import catalogue
from barscope.indicators.registry import unregister_module
from barscope.ingest.rows import Reason

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])
EXAMPLE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
MODULE = "documentation"
SCREENSHOTS = {"explorer.png"}
"""Pictures of the screen, which only a browser can make."""

with_examples = pytest.mark.parametrize(
    "page", [p for p in PAGES if EXAMPLE.search(p.read_text())], ids=lambda page: page.stem
)
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def examples(page):
    """The code of a page's examples, each preceded by blank lines so that a traceback has the line of the page."""
    text = page.read_text()
    for found in EXAMPLE.finditer(text):
        yield "\n" * text.count("\n", 0, found.start(1)) + found.group(1)


@pytest.fixture(scope="module")
def sample_workspace(tmp_path_factory):
    """A folder with the sample bars, to be copied."""
    folder = tmp_path_factory.mktemp("documentation") / "data"
    with bs.Workspace(folder) as ws:
        ws.load_samples()
    return folder


@pytest.fixture
def sandbox(tmp_path, monkeypatch, sample_workspace):
    """A current folder with a workspace `data` of sample bars; gives the names that the examples of a page share."""
    shutil.copytree(sample_workspace, tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    for name in ("BARSCOPE_WORKSPACE", "SECMASTER_DB_PATH", "RUNS_DB_PATH", "PRESETS_DB_PATH"):
        monkeypatch.delenv(name, raising=False)
    names = {"__name__": MODULE}
    yield names
    unregister_module(MODULE)
    for value in names.values():
        if isinstance(value, bs.Workspace):
            value.close()


@with_examples
def test_the_examples_of_a_page_run(page, sandbox):
    """Every Python block runs, in order, in a workspace with the sample bars, and what it asserts holds."""
    for code in examples(page):
        exec(compile(code, page, "exec"), sandbox)  # noqa: S102  # running them is the test


def test_a_false_example_is_seen(sandbox, tmp_path):
    """An assertion that does not hold fails, with the line of the page."""
    page = tmp_path / "page.md"
    page.write_text("# Title\n\n```python\nx = 1\n```\n\n```python\nassert x == 2\n```\n")
    with pytest.raises(AssertionError) as caught:
        test_the_examples_of_a_page_run(page, sandbox)
    assert caught.traceback[-1].lineno == 7


@each_page
def test_links_lead_somewhere(page):
    """Every link to a page, heading or picture of this repository has its target."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith("https://"):
            continue
        name, _, heading = unquote(target).partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists() or path.name in SCREENSHOTS, target
        if heading:
            assert heading in anchors(path), target


def anchors(page):
    """The anchors of a page's headings, as they are made on the usual sites."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", bs.__all__)
def test_every_public_name_is_documented(name):
    """Each name of `barscope.__all__` has a docstring and a line in the reference."""
    assert (getattr(bs, name).__doc__ or "").strip()
    assert f"| `bs.{name}` |" in (DOCS / "reference.md").read_text()


def test_every_command_is_documented():
    """Each command of `barscope` stands in the table of the command line."""
    text = (DOCS / "cli.md").read_text()
    assert [command.__name__ for command in COMMANDS if f"| `barscope {command.__name__}" not in text] == []


def test_every_named_indicator_is_documented():
    """Each named class stands in the table of indicators with the name and the warm-up it has."""
    text = (DOCS / "indicators.md").read_text()
    named = [c for c in catalogue() if c.__module__.startswith("barscope.") and "talib" not in c.__module__]
    missing = [cls.__name__ for cls in named if not re.search(rf"`{cls.__name__}[(`]", text)]
    assert missing == []
    columns = {"Open", "High", "Low", "Close", "Volume"}
    assert [c.__name__ for c in named if c.__name__ not in columns and f"`{c().outputs[0].name}`" not in text] == []


def test_every_reason_to_reject_a_row_is_documented():
    """Each reason an ingest report may give stands in the table of the data page."""
    text = (DOCS / "data.md").read_text()
    assert [reason.text for reason in Reason if reason.text not in text] == []


def test_the_picture_of_the_architecture_shows_the_layers_that_are_checked():
    """Picture and table name exactly the packages of the import contract."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    packages = [name.strip() for layer in layers for name in layer.split("|")]
    picture = re.findall(r'class="name"[^>]*>(\w+)<', (DOCS / "images" / "layers.svg").read_text())
    first_table, _, _ = (DOCS / "architecture.md").read_text().partition("\n## ")
    table = re.findall(r"^\| `(\w+)` \|", first_table, re.MULTILINE)
    assert sorted(picture) == sorted(packages)
    assert sorted(table) == sorted(packages)


def test_every_decision_is_listed():
    """The list of decisions has a line for each file."""
    text = (DOCS / "decisions" / "README.md").read_text()
    files = sorted(path.name for path in (DOCS / "decisions").glob("0*.md"))
    assert re.findall(r"\]\((0[^)]+)\)", text) == files
