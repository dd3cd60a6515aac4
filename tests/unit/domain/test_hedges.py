"""Templates of protection by puts."""

import pytest

from barscope.domain.hedges import BUILT_IN, HedgeLeg, HedgeTemplate, find_template, ladder, slug_of
from barscope.errors import InvalidParameterError


def test_the_built_in_templates_have_the_slugs_of_the_contract():
    """At, 95 % and 90 % of the money for twelve months, a rolled one and ladders; every slug once."""
    slugs = [template.slug for template in BUILT_IN]
    assert slugs[:3] == ["protective-put-atm-12m", "protective-put-95pct-12m", "protective-put-90pct-12m"]
    assert len(set(slugs)) == len(slugs)


def test_a_slug_is_lower_case_words_with_hyphens():
    """Signs fall away, a percent sign is spelled."""
    assert slug_of("Protective put 95% 12m") == "protective-put-95pct-12m"


def test_a_template_goes_through_json():
    """to_dict and from_dict undo each other."""
    for template in BUILT_IN:
        assert HedgeTemplate.from_dict(template.to_dict()) == template


def test_a_ladder_has_equal_weights_unless_told_otherwise():
    """Four maturities cover a quarter each."""
    assert [leg.weight for leg in ladder("l", (3, 6, 9, 12)).legs] == [0.25] * 4
    assert [leg.weight for leg in ladder("l", (6, 12), weights=(0.75, 0.25)).legs] == [0.75, 0.25]


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: ladder("l", (6, 12), weights=(0.5, 0.4)), "sum to 0.9"),
        (lambda: ladder("l", (6, 12), weights=(1.0,)), "1 weights for 2"),
        (lambda: HedgeLeg(0.0, 12), "strike_pct 0.0"),
        (lambda: HedgeLeg(float("nan"), 12), "strike_pct nan"),
        (lambda: HedgeLeg(1.0, 2), "2 months"),
        (lambda: HedgeLeg(1.0, 25), "25 months"),
        (lambda: HedgeLeg(1.0, 12, 0.0), "weight 0.0"),
        (lambda: HedgeTemplate("none", ()), "has no legs"),
        (lambda: HedgeTemplate("…", (HedgeLeg(1.0, 12),)), "no letter or digit"),
        (lambda: HedgeTemplate("c", (HedgeLeg(1.0, 12),), coverage=1.1), "coverage 1.1"),
        (lambda: HedgeTemplate("r", (HedgeLeg(1.0, 3),), roll_days_before=84), "84 days"),
        (lambda: HedgeTemplate.from_dict({"name": "x"}), "needs a name and legs"),
        (lambda: HedgeTemplate.from_dict({"name": "x", "legs": [{"strike": 1}]}), "needs a name and legs"),
    ],
)
def test_what_is_no_template_is_named(make, named):
    """Weights that do not sum to 1, maturities that are not offered, fields that are unknown."""
    with pytest.raises(InvalidParameterError, match=named):
        make()


def test_an_unknown_template_is_named_with_its_neighbours():
    """A typing error finds what was meant."""
    with pytest.raises(InvalidParameterError, match=r"protective-put-atm-13m.*protective-put-atm-12m"):
        find_template("protective-put-atm-13m", BUILT_IN)
