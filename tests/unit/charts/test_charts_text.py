"""Text of users on its way to a chart."""

import pytest

from barscope.charts.text import coloured, compact, escape, page, plain, short


def test_markup_becomes_entities():
    """HTML in a symbol is shown, never run."""
    assert escape("<img src=x onerror='a()'>&") == "&lt;img src=x onerror=&#x27;a()&#x27;&gt;&amp;"


def test_long_text_is_cut_before_it_is_escaped():
    """A text of 10,000 characters becomes 64, and no entity is cut in half."""
    assert plain("x" * 10_000) == "x" * 63 + "…"
    assert escape("<" * 10_000) == "&lt;" * 63 + "…"


def test_control_characters_are_spelled_out():
    """A line break in a name cannot start a new line of a legend."""
    assert plain("a\nb\x00") == "a\\nb\\x00"


def test_colour_cannot_break_out_of_its_attribute():
    """A quote in a colour stays inside the style attribute."""
    assert coloured("a", 'red"><b>') == '<span style="color:red&quot;&gt;&lt;b&gt;">a</span>'


def test_title_of_a_page_is_escaped():
    """The title of an exported page cannot open a script."""
    assert "<title>&lt;/title&gt;&lt;script&gt;</title>" in page("</title><script>", "#fff", "", ())


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (1234.5, 2, "1,234.50"),
        (float("nan"), 2, "–"),
        (9_999.0, None, "9,999"),
        (12_345.0, None, "12.35K"),
        (-2_500_000.0, None, "-2.50M"),
        (3.2e9, None, "3.20B"),
        (0.123456, None, "0.1235"),
    ],
)
def test_numbers_read_at_a_glance(value, decimals, text):
    """Large numbers get a unit, prices their decimals, NaN a dash."""
    assert compact(value, decimals) == text


def test_round_labels_have_no_trailing_zeros():
    """A label of a round number is as short as it can be."""
    assert [short(v) for v in (5e8, 2_500.0, 20.0, 1e9)] == ["500M", "2.5K", "20", "1B"]
