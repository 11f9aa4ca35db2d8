"""Images of one's own that are decoded once: kept in memory up to a limit, the others read again."""

from dataclasses import dataclass, field
from pathlib import Path

from jaxtyping import UInt8
from PIL import Image
from torch import Tensor

from .image_folder import IN_MEMORY, Files
from .pixels import read, square

LARGER = 2  # a JPEG is decoded at a size with at least this many pixels for one that is shown, on a side


def decoded(path: Path, size: int) -> UInt8[Tensor, "3 size size"]:
    """The largest square in the middle of a picture as `size` pixels, interpolated linearly and averaged over what a
    pixel covers: as torchvision's `Resize` and `CenterCrop` do, of which pretrained teachers know their images.

    >>> Image.new("L", (4, 2)).save(folder / "tom.png")
    >>> decoded(folder / "tom.png", 8).shape
    torch.Size([3, 8, 8])
    """
    return square(read(path, LARGER * size), size, resample=Image.Resampling.BILINEAR).contiguous()


@dataclass(frozen=True)
class KeptFiles(Files):
    """Image files by row, as `decoded` shows them. What was decoded is kept, for all splits of a set together, until
    the images take `memory` bytes; the first ones stay, for every epoch asks for all of them once."""

    memory: int = IN_MEMORY
    kept: dict[Path, UInt8[Tensor, "3 size size"]] = field(default_factory=dict, repr=False, compare=False)

    def __getitem__(self, row: int) -> UInt8[Tensor, "3 size size"]:
        path = self.paths[row]
        image = self.kept.get(path)
        if image is None:
            image = decoded(path, self.size)
            if (len(self.kept) + 1) * image.nbytes <= self.memory:
                self.kept[path] = image
        return image
