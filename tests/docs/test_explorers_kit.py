"""What all modules of the static pages share gives Python's own numbers and texts."""

import itertools
import math
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Page
from scipy.optimize import linear_sum_assignment
from scipy.special import ndtr

from docs.explorers.fronts.front import packed, unpacked

from .explorer_page import ADDRESS, chromium

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(needs_chromium: str) -> Iterator[Page]:
    with chromium(needs_chromium) as page:
        page.goto(f"{ADDRESS}/page.css")
        yield page


def in_kit(page: Page, expression: str, argument: Any) -> Any:
    """An expression over the kit and `given`, in the page."""
    return page.evaluate(f"async given => {{ const kit = await import('/kit.js'); return {expression}; }}", argument)


def numbers() -> list[float]:
    dice = random.Random(0)
    middles = [n / 2**k for n in range(-9, 10) for k in range(5)]  # exactly between two numbers of a few digits
    wide = [dice.choice((-1, 1)) * 10 ** dice.uniform(-7, 7) for _ in range(200)]
    return [*middles, *wide, -0.0, -0.04, 0.999999, 9.9995, 1e-5, 123456.5, 1e16]


@pytest.mark.parametrize(
    "name, spec", [("fixed", ".{}f"), ("signed", "+.{}f"), ("percent", ".{}%"), ("general", ".{}g")]
)
def test_numbers_are_written_as_python_writes_them(page: Page, name: str, spec: str) -> None:
    cases = [
        [x, digits] for x, digits in itertools.product(numbers(), (1, 2, 3) if name == "general" else (0, 1, 2, 3))
    ]
    told = in_kit(page, f"given.map(([x, digits]) => kit.{name}(x, digits))", cases)
    assert told == [format(x, spec.format(digits)) for x, digits in cases]


def test_thousands_have_commas(page: Page) -> None:
    counts = [0, 12, 999, 1000, 614656, 10**9]
    assert in_kit(page, "given.map(kit.commas)", counts) == [f"{n:,}" for n in counts]


def test_the_normal_distribution_far_out(page: Page) -> None:
    places = [x / 4 for x in range(-140, 41)]
    np.testing.assert_allclose(in_kit(page, "given.map(kit.ndtr)", places), ndtr(places), rtol=1e-11)


def test_softmax_and_entropy(page: Page) -> None:
    p, entropy = in_kit(page, "[kit.softmax(given, 2), kit.entropy(kit.softmax(given, 2))]", [1000.0, 998.0, -1000.0])
    expected = [1 / (1 + math.exp(-1)), 1 / (1 + math.exp(1)), 0]
    np.testing.assert_allclose(p, expected, atol=1e-15)
    assert entropy == pytest.approx(-sum(x * math.log(x) for x in expected if x))


def test_equally_cheap_assignments_are_told_apart_as_scipy_does(page: Page) -> None:
    dice = random.Random(0)
    costs = [[[dice.randint(0, 2) for _ in range(6)] for _ in range(dice.randint(2, 6))] for _ in range(60)]
    found = in_kit(page, "given.map(kit.assignment)", costs)
    assert found == [linear_sum_assignment(cost)[1].tolist() for cost in costs]


def test_a_tensor_comes_out_as_it_was_packed(page: Page) -> None:
    x = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0))
    for tensor in (x, x.double(), (100 * x.abs()).to(torch.uint8)):
        assert torch.equal(unpacked(packed(tensor)), tensor)
        row = in_kit(page, "kit.part(kit.unpacked(given), 1, 2)", packed(tensor))
        assert row == {"shape": [4], "values": tensor[1, 2].tolist()}
