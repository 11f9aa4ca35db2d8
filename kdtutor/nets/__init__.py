"""Who teaches whom: networks that show their stages, built by name, wrapped from other libraries, or shipped trained.

`build("resnet20", classes=10).trace(images)` is what one forward pass leaves: stem, stages, embedding, logits.
"""

from .build import NAMES, build
from .cifar_resnet import from_torchvision
from .costs import Cost, Latency, measure
from .counts import count_multiply_adds, count_parameters
from .critics import Critic, critic
from .ensemble import Ensemble
from .exits import MultiExit, early_exit, exit_costs, first_sure
from .export import export
from .generators import GENERATORS, Generator, generator
from .ghost import ghostnet
from .language import LanguageModel, language_model
from .models import save_model
from .names import full_name
from .ordered import in_order
from .sampling import continued
from .specialists import Specialists
from .stages import Stage, stage_table, stages_of
from .teacher import (
    save_generator,
    save_language_model,
    save_teacher,
    teacher,
    teachers,
    trained_generator,
    trained_language_model,
)
from .trace import Net, Trace
from .weights import load_weights
from .wrap import node_names, wrap

__all__ = [
    "GENERATORS", "NAMES", "Cost", "Critic", "Ensemble", "Generator", "LanguageModel", "Latency", "MultiExit", "Net",
    "Specialists", "Stage", "Trace", "build", "continued", "count_multiply_adds", "count_parameters", "critic",
    "early_exit", "exit_costs", "export", "first_sure", "from_torchvision", "full_name", "generator", "ghostnet",
    "in_order", "language_model", "load_weights", "measure", "node_names", "save_generator", "save_language_model",
    "save_model", "save_teacher", "stage_table", "stages_of", "teacher", "teachers", "trained_generator",
    "trained_language_model", "wrap",
]  # fmt: skip
