"""The pictures of lesson 13."""

import numpy as np
import pytest
import torch

from kdtutor import ShapeError
from kdtutor.figures import mutual as draw


def test_every_logit_is_a_point():
    z_s, z_t = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0))
    picture = draw.over_the_teacher({"alone": z_s, "taught": z_t}, z_t, alt="Two panels.")
    points = [ax.lines[0].get_xydata() for ax in picture.axes]
    np.testing.assert_allclose(points[0], np.column_stack([z_t.ravel(), z_s.ravel()]))
    np.testing.assert_allclose(points[1][:, 0], points[1][:, 1])
    assert [ax.get_title() for ax in picture.axes] == ["alone", "taught"] and picture.png()
    with pytest.raises(ShapeError, match="they must be equal"):
        draw.over_the_teacher({"alone": z_s[:3]}, z_t, alt="Too few.")
