"""Contrast by WCAG 2.2, and the nearest colour that passes."""

import colorsys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.branding.contrast import ink_on, mix, nearest, ratio

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.47),  # W3C, Understanding 1.4.3: #777777 on white fails
        ("#767676", "#ffffff", 4.54),  # … and #767676 passes
        ("#ff0000", "#ffffff", 3.99),
        ("#0000ff", "#ffffff", 8.59),
        ("#ff6600", "#ffffff", 2.93),
        ("#123456", "#123456", 1.0),
    ],
)
def test_ratios_are_those_that_are_published(one, other, expected):
    assert ratio(one, other) == ratio(other, one) == expected


@given(COLOURS, COLOURS, st.sampled_from([3.0, 4.5]))
def test_the_nearest_colour_passes_always_and_a_passing_one_stays(colour, against, needed):
    better = nearest(colour, against, needed)
    assert ratio(better, against) >= needed
    assert (better == colour) == (ratio(colour, against) >= needed)


@given(COLOURS)
def test_black_or_white_reads_on_everything(colour):
    assert ratio(ink_on(colour), colour) >= 4.5


def test_the_nearest_colour_keeps_the_hue_and_goes_no_further_than_it_must():
    better = nearest("#ff6600", "#ffffff", 4.5)
    hue = lambda colour: colorsys.rgb_to_hls(*(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)))[0]  # noqa: E731
    assert abs(hue(better) - hue("#ff6600")) < 0.03
    assert 4.5 <= ratio(better, "#ffffff") < 4.6


def test_colours_mix_as_css_mixes_them():
    assert mix("#000000", "#ffffff", 0.5) == "#808080"
    assert mix("#102030", "#ffffff", 0) == "#102030"
