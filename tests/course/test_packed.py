"""Values as bytes without code: what comes back is what went in, and of what it does not know only the name."""

import numpy as np
import pytest
import torch

from kdtutor.course.observe import difference, observe
from kdtutor.course.packed import heard, pack, told, unpack


def test_plain_values_and_tensors_come_back():
    x = torch.randn(2, 3, requires_grad=True)
    value = [x, x.t(), torch.tensor([True]), (1, 2.5, "a", None, False), {"k": ...}, np.float64(2), np.arange(3)]
    back = unpack(pack(value))
    assert (
        torch.equal(back[0], x)
        and back[0].requires_grad
        and torch.equal(back[1], x.t())
        and back[2].dtype == torch.bool
    )
    assert back[3] == (1, 2.5, "a", None, False) and back[4] == {"k": ...} and back[5] == 2.0
    assert isinstance(back[6], np.ndarray) and back[6].tolist() == [0, 1, 2]


def test_an_object_that_equals_everything_arrives_as_a_name():
    class Agreeable(torch.Tensor):
        def __eq__(self, other):
            return True

    class Yes(float):
        def __eq__(self, other):
            return True

    for value in (Agreeable(3), Yes(2)):
        back = unpack(pack(value))
        assert type(back).__name__ == type(value).__name__ and not isinstance(back, (torch.Tensor, float))


def test_what_was_seen_elsewhere_is_judged_as_what_was_seen_here():
    case = (torch.randn(3, 2, requires_grad=True),)
    for function in (lambda x: x.exp().sum(), lambda x: {}["missing"], lambda x: x.detach()):
        seen = observe(function, case)
        back = heard(unpack(pack(told(seen))))
        assert difference(back, seen, 1e-6) is None and back.calls == seen.calls


@pytest.mark.parametrize("data", [b"", b"x" * 40, pack(1)[:-3], (2**60).to_bytes(8, "big") + b"[]"])
def test_other_bytes_are_refused(data):
    with pytest.raises(ValueError, match="hold no value"):
        unpack(data)


@pytest.mark.parametrize(
    "value", [3, [1, 2], [None, [3], False, None, [[], 0, []]], [None, [], 0, [[], "x"], [[], 0, []]]]
)
def test_what_tells_of_no_call_is_refused(value):
    with pytest.raises(ValueError, match=r"\w"):
        heard(value)
