"""The setting of the GAN-compression paper at full size, for a GPU: nets, steps and rates as named constants.

The authors published no code. Where the text leaves something open, the numbers are those of the only public
implementation (github.com/yuranusduke/DistillGANs), without its faults: the critic ends without a sigmoid and has no
batch norm. The generator is ours, of the family of the lesson: on colour images the teacher has 12,140,035 parameters
and the smallest student 36,313, 334 to 1, where that implementation has 11.42 million and 22,186, 515 to 1.
"""

from dataclasses import dataclass

from .. import data as sets
from .. import nets
from ..data import Data
from ..errors import choose, require
from ..nets import Critic, Generator
from ..papers.gan import Distil
from ..train import Recipe

SETS = {"digits-32": 1, "mnist": 1, "cifar10": 3, "celeba": 3}  # name: channels
LATENT, SIZE = 100, 32
WIDE = 8  # 1,024, 512 and 256 channels where nets.generator("dcgan", size=32) has 128, 64 and 32
SCALES = (0.02, 0.05, 0.1, 0.2, 0.5)  # of the widths, for the students
EPOCHS = 50
TEACHER_CRITIC_STEPS, CRITIC_STEPS = 5, 3  # for each step of the generator
ALPHA = 0.3  # of the joint loss
TEACHER_RECIPE = Recipe(lr=2e-4, batch_size=32, schedule="constant")
RECIPE = Recipe(lr=2e-4, batch_size=64, schedule="constant")


@dataclass(frozen=True)
class Setting:
    """One data set of the paper."""

    data_name: str

    @property
    def channels(self) -> int:
        """Of the images: 1 for grey, 3 for colour."""
        return SETS[self.data_name]

    def data(self, root: str | None = None) -> Data:
        """Squares of 32 pixels from -1 to 1."""
        loaded = sets.load(self.data_name, root, size=SIZE)
        return loaded if set(loaded.mean) == {0.5} else sets.for_generators(loaded, SIZE)

    def teacher(self) -> Generator:
        """With fresh weights."""
        return nets.generator(f"dcganx{WIDE}", LATENT, self.channels, SIZE)

    def student(self, scale: float) -> Generator:
        """With `scale` times the teacher's widths and fresh weights."""
        require(0 < scale <= 1, f"scale={scale}: the student's share of the teacher's widths must lie in (0, 1]")
        return nets.generator(f"dcganx{WIDE * scale:g}", LATENT, self.channels, SIZE)

    def critic(self) -> Critic:
        """A critic for the teacher, with layer norm: its slope is penalised image by image."""
        return nets.critic(f"dcganx{WIDE}", self.channels, SIZE, norm="layer")

    def train_teacher(self, teacher: Generator) -> Distil:
        """A Wasserstein GAN with gradient penalty; to be run with `TEACHER_RECIPE`."""
        return Distil(teacher, None, self.critic(), alpha=0, game="wasserstein", critic_steps=TEACHER_CRITIC_STEPS)

    def distil(self, student: Generator, teacher: Generator, alpha: float = ALPHA) -> Distil:
        """The joint loss; with alpha = 1 the black box. To be run with `RECIPE`."""
        critic = self.critic() if alpha < 1 else None
        return Distil(student, teacher, critic, alpha, game="wasserstein", critic_steps=CRITIC_STEPS)


def paper(data_name: str) -> Setting:
    """The paper's setting on "digits-32", "mnist", "cifar10" or "celeba", the latter three where they are present.

    >>> paper("cifar10").channels
    3
    """
    return Setting(choose("data set of the paper", data_name, SETS))
