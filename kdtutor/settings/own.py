"""The preset "own": photographs of one's own, of a few hundred to some ten thousand, on whatever computes here.

SGD with Nesterov's momentum in one cycle, as in `quick`, which needs no milestones; a batch small enough for few
images, mirror images and crops of at least a third of the area: milder than ImageNet's, for in a small set the thing
itself must not be cut away.
"""

from ..data import ResizedCrop
from ..train import Recipe

STUDENT = "torchvision.mobilenet_v3_small"
EPOCHS = 30
RECIPE = Recipe(lr=0.05, batch_size=32, weight_decay=5e-4, augment=ResizedCrop(scale=(1 / 3, 1.0)), channels_last=True)
