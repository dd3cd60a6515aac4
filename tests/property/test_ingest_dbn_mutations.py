"""Vendor files with damage anywhere."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from barscope.errors import DataError
from barscope.ingest import read_source

FILES = sorted((Path(__file__).parents[1] / "data" / "dbn").glob("*1[sh]*.dbn*"))


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(FILES), st.data())
def test_damage_is_a_typed_error_or_honest_bars(tmp_path_factory, file, data):
    """A file with a byte changed, cut out or put in is refused, or every record of it is accounted for."""
    content = bytearray(file.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    path = tmp_path_factory.mktemp("dbn") / file.name
    path.write_bytes(content)
    try:
        parsed = read_source(path)
    except DataError:
        return
    assert parsed.read == 2
    assert parsed.read == parsed.rejected + sum(len(batch.bars) for batch in parsed.batches)
