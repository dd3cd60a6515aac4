"""Values as the JSON text of a column, and back."""

from __future__ import annotations

import json
import math
from typing import Any

from barscope.errors import InvalidParameterError, StoreError, cut


def to_json(value: object) -> str:
    """A value as strict JSON; NaN and infinities become null.

    Raises:
        InvalidParameterError: If it holds something JSON cannot say.
    """
    try:
        return json.dumps(_finite(value), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidParameterError(
            f"a value cannot be stored as JSON ({error}): use text, numbers, lists, dicts"
        ) from error


def from_json(text: str | None, where: str) -> Any:  # noqa: ANN401 (JSON is of any type)
    """The value of a stored JSON text; None for NULL.

    Raises:
        StoreError: If the text is broken; it names `where`.
    """
    if text is None:
        return None
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise StoreError(f"{where} holds broken JSON ({error}): correct or delete it: {cut(text)}") from error


def _finite(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
