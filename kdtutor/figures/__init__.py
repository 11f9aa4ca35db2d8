"""What you look at: tensors in, a `Picture` out; never pyplot, always with alternative text."""

from .charts import bars, confusion_matrix, heat_map, show_images
from .history import curves
from .picture import Picture
from .scheme import scheme
from .style import PALETTE, ROLES

__all__ = ["PALETTE", "ROLES", "Picture", "bars", "confusion_matrix", "curves", "heat_map", "scheme", "show_images"]
