"""Windows of days and folds of blocks."""

import datetime as dt
from itertools import pairwise

import numpy as np
import pytest

from barscope.domain.judgement import purged_k_fold, walk_forward
from barscope.errors import InvalidParameterError

DAY = dt.timedelta(days=1)


def test_rolling_windows():
    """Each window to prove on follows the one before, and each one to choose on has one length."""
    folds = walk_forward("2020-01-01", "2020-12-31", train_days=100, test_days=50)
    assert [str(fold) for fold in folds][:2] == [
        "train 1 2020-01-01 to 2020-04-09 | test 1 2020-04-10 to 2020-05-29",
        "train 2 2020-02-20 to 2020-05-29 | test 2 2020-05-30 to 2020-07-18",
    ]
    assert len(folds) == 5
    assert {fold.train.days for fold in folds} == {100}
    assert all(one.test.end == next_one.test.start for one, next_one in pairwise(folds))


def test_anchored_windows_grow():
    """All begin on the first day and end where the rolling ones end."""
    anchored = walk_forward("2020-01-01", "2020-12-31", train_days=100, test_days=50, anchored=True)
    rolling = walk_forward("2020-01-01", "2020-12-31", train_days=100, test_days=50)
    assert {fold.train.start_date for fold in anchored} == {"2020-01-01"}
    assert [fold.train.days for fold in anchored] == [100, 150, 200, 250, 300]
    assert [fold.test for fold in anchored] == [fold.test for fold in rolling]


def test_a_gap_belongs_to_nobody():
    """The days of a position that is still held."""
    folds = walk_forward("2020-01-01", "2020-12-31", train_days=100, test_days=50, gap_days=10, step_days=20)
    assert all(fold.test.start - fold.train.end == 10 * DAY for fold in folds)
    assert folds[1].train.start - folds[0].train.start == 20 * DAY


def test_a_window_never_ends_after_the_last_day():
    """Exactly as many days as one fold needs hold one; a day more does not make another."""
    for last in ("2020-01-30", "2020-01-31"):
        folds = walk_forward("2020-01-01", last, train_days=20, test_days=10)
        assert [fold.test.end_date for fold in folds] == ["2020-01-30"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"train_days": 0}, "train_days is 0"),
        ({"test_days": 2.5}, "test_days is 2.5"),
        ({"step_days": 0}, "step_days is 0"),
        ({"gap_days": -1}, "gap_days is -1"),
        ({"train_days": True}, "train_days is True"),
        ({"train_days": 400}, "366 days from 2020-01-01 to 2020-12-31 hold no fold of 450 days"),
        ({"end_date": "2019-01-01"}, "0 days from 2020-01-01 to 2019-01-01"),
        ({"start_date": "1.1.2020"}, "invalid date '1.1.2020'"),
    ],
)
def test_windows_that_cannot_be_are_refused(changed, message):
    """The message names the value."""
    terms = {"start_date": "2020-01-01", "end_date": "2020-12-31", "train_days": 100, "test_days": 50} | changed
    with pytest.raises(InvalidParameterError, match=message):
        walk_forward(**terms)


def test_purge_and_embargo():
    """Blocks on both sides of those to prove on are left out, and further ones after them."""
    folds = purged_k_fold(4, blocks=12, purge=1, embargo=2)
    assert [repr(fold) for fold in folds] == [
        "BlockFold(1: TTT...++++++)",
        "BlockFold(2: ++.TTT...+++)",
        "BlockFold(3: +++++.TTT...)",
        "BlockFold(4: ++++++++.TTT)",
    ]


@pytest.mark.parametrize("folds", [2, 5, 8, 32])
def test_each_block_is_proved_on_once(folds):
    """Whether or not the blocks can be divided evenly."""
    made = purged_k_fold(folds)
    assert (np.sum([fold.test for fold in made], axis=0) == 1).all()


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"folds": 1}, "folds is 1"),
        ({"folds": 33}, "folds is 33: 32 blocks cannot be divided"),
        ({"folds": 4, "purge": -1}, "purge is -1"),
        ({"folds": 4, "embargo": 0.5}, "embargo is 0.5"),
        ({"folds": 2, "purge": 16}, "fold 1 of 2 has nothing to choose on after a purge of 16 and an embargo of 0"),
    ],
)
def test_folds_that_cannot_be_are_refused(terms, message):
    """The message names the value."""
    with pytest.raises(InvalidParameterError, match=message):
        purged_k_fold(**terms)
