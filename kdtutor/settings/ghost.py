"""The setting of GhostNet's table for CIFAR-10, as its first author tells it (github.com/iamhankai/ghostnet.pytorch,
issue 7): 400 epochs, rate 0.1 times 0.1 at 200, 300 and 375, weight decay 1e-4 to 1e-5. After 160 epochs users were a
point short."""

from ..data import Augment
from ..train import Recipe

NETS = ("ghost_resnet56_s1", "ghost_resnet56", "vgg16", "ghost_vgg16")  # the first is a ResNet-56 without ghosts
EPOCHS = 400
RECIPE = Recipe(
    lr=0.1,
    batch_size=128,
    schedule="steps",
    milestones=(200 / EPOCHS, 300 / EPOCHS, 375 / EPOCHS),
    nesterov=False,
    weight_decay=1e-4,
    augment=Augment(pad=4, flip=True),
    channels_last=True,
)
