"""Session ids follow the contract to the letter."""

import hashlib

from barscope.studies.session import compute_session_id


def test_the_session_id_is_the_vector_of_the_contract():
    """Publisher 1, rtype 33, symbols B and A, open dates: the SHA-256 of exactly this JSON."""
    text = (
        '{"end_date": null, "publisher_id": 1, "rtype": 33, "start_date": null, '
        '"symbol_type": "raw_symbol", "symbols": ["A", "B"]}'
    )
    assert compute_session_id(1, 33, ["B", "A"]) == hashlib.sha256(text.encode()).hexdigest()


def test_the_order_of_symbols_does_not_matter_and_everything_else_does():
    """Equal choices share an id, any other choice has its own."""
    same = compute_session_id(1, 33, ["A", "B"], "2024-01-02", None)
    assert compute_session_id(1, 33, ["B", "A"], "2024-01-02", None) == same
    others = {
        compute_session_id(2, 33, ["A", "B"], "2024-01-02", None),
        compute_session_id(1, 35, ["A", "B"], "2024-01-02", None),
        compute_session_id(1, 33, ["A"], "2024-01-02", None),
        compute_session_id(1, 33, ["A", "B"], None, None),
        compute_session_id(1, 33, ["A", "B"], "2024-01-02", "2024-01-03"),
        compute_session_id(1, 33, ["A", "B"], "2024-01-02", None, "ticker"),
    }
    assert len(others | {same}) == 7
