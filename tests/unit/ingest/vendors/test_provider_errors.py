"""What the text of a vendor's own exception comes to."""

import pytest

from barscope.errors import DataSourceError, MissingBarsError
from barscope.ingest.vendors.provider_errors import refusal

START = "The `start` in the query ('2009-01-02 00:00:00+00:00') is before the available start of dataset "


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (
            f"data_start_before_available_start\n{START}GLBX.MDP3 ('2010-06-06 00:00:00+00:00').",
            MissingBarsError,
            "Data not available before 2010-06-06. Please set start date to 2010-06-06 or later.",
        ),
        (
            f"422 {START}XNAS.ITCH (unknown)",
            MissingBarsError,
            "Selected start date is before data is available for this dataset.",
        ),
        ("422 Unprocessable: '2010-06-06 00:00:00+00:00'", DataSourceError, "Data source error: 422 Unprocessable:"),
        ("two\nlines", DataSourceError, "Data source error: two lines"),
    ],
)
def test_the_texts_of_the_contract(text, kind, message):
    """The date that follows the available start counts, and only where the text is of one."""
    error = refusal(text)
    assert type(error) is kind
    assert str(error).startswith(message)
