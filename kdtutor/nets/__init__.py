"""Who teaches whom: networks that show their stages, built by name, wrapped from other libraries, or shipped trained.

`build("resnet20", classes=10).trace(images)` is what one forward pass leaves: stem, stages, embedding, logits.
"""

from .build import NAMES, build
from .layers import count_parameters
from .teacher import save_teacher, teacher, teachers
from .trace import Net, Trace
from .wrap import node_names, wrap

__all__ = [
    "NAMES", "Net", "Trace", "build", "count_parameters", "node_names", "save_teacher", "teacher", "teachers", "wrap",
]  # fmt: skip
