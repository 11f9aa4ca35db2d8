"""The preset "quick-paper": pairs and weights of the zoo (`zoo`) in a sixth of its epochs, for a table in minutes.

Batch, weight decay, shifts and mirror images are the zoo's, as the weights of its methods were tuned for them; what is
short of epochs is the schedule. One cycle (L. Smith & N. Topin 2018, Super-Convergence, arXiv:1708.07120) with
Nesterov's momentum is how CIFAR is trained fast: github.com/davidcpage/cifar10-fast takes 24 epochs with a peak of 0.4
for 512 images and a weight decay of 5e-4. By the linear rule (Goyal et al. 2017, arXiv:1706.02677) that is 0.05 for 64,
which is the zoo's rate as well.
"""

from collections.abc import Mapping
from dataclasses import replace

from . import zoo

EPOCHS = 40
RECIPE = replace(zoo.RECIPE, schedule="one-cycle", milestones=(), nesterov=True)
"""Of every student and teacher, but for the peaks of students that have their own rate in the zoo (`zoo.RATES`)."""
EXTRA_EPOCHS: Mapping[str, Mapping[str, int]] = zoo.extra_epochs(EPOCHS)
"""First phases, as long beside `EPOCHS` as the zoo's beside its own."""
