"""Who teaches whom: networks that show their stages, built by name, wrapped from other libraries, or shipped trained.

`build("resnet20", classes=10).trace(images)` is what one forward pass leaves: stem, stages, embedding, logits.
"""

from .build import NAMES, build, count_multiply_adds, count_parameters
from .cifar_resnet import from_torchvision
from .critics import Critic, critic
from .generators import GENERATORS, Generator, generator
from .ghost import ghostnet
from .names import full_name
from .teacher import save_generator, save_teacher, teacher, teachers, trained_generator
from .trace import Net, Trace
from .weights import load_weights
from .wrap import node_names, wrap

__all__ = [
    "GENERATORS", "NAMES", "Critic", "Generator", "Net", "Trace", "build", "count_multiply_adds", "count_parameters",
    "critic", "from_torchvision", "full_name", "generator", "ghostnet", "load_weights", "node_names", "save_generator",
    "save_teacher", "teacher", "teachers", "trained_generator", "wrap",
]  # fmt: skip
