"""Certificates of indicators as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barscope.indicators.certificates import certify
from barscope.indicators.registry import build_indicator, catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from barscope.indicators.certificates import Certificate


def certificates_frame(names: Iterable[str] | None = None) -> pd.DataFrame:
    """One row per indicator with its default parameters: whether it is causal, its warm-up, its parity with TA-Lib.

    Raises:
        UnknownIndicatorError: If a name is not registered.
    """
    import pandas as pd

    wanted = [cls.class_name for cls in catalogue()] if names is None else list(names)
    rows = [_row(certify(build_indicator(name))) for name in wanted]
    columns = [
        "indicator",
        "is_causal",
        "first_lookahead",
        "driver_difference",
        "warm_up",
        "talib",
        "equal_from",
        "says",
    ]
    frame = pd.DataFrame(rows, columns=columns).set_index("indicator")
    return frame.astype(dict.fromkeys(("first_lookahead", "driver_difference", "warm_up", "equal_from"), "Int64"))


def _row(certificate: Certificate) -> tuple[object, ...]:
    parity = certificate.parity
    return (
        certificate.class_name,
        certificate.is_causal,
        certificate.first_lookahead,
        certificate.driver_difference,
        certificate.warm_up,
        None if parity is None else parity.function,
        None if parity is None else parity.equal_from,
        str(certificate),
    )
