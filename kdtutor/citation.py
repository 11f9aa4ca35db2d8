"""Where a method was published, and the venues by the acronyms that the field has for them."""

from dataclasses import dataclass

CVPR = "IEEE/CVF Conference on Computer Vision and Pattern Recognition"
ICCV = "IEEE/CVF International Conference on Computer Vision"
ECCV = "European Conference on Computer Vision"
ICLR = "International Conference on Learning Representations"
NEURIPS = "Advances in Neural Information Processing Systems"
PREPRINT = "arXiv preprint"


@dataclass(frozen=True)
class Paper:
    """Where a method was published. `authors` are full names, one after another, with commas between them."""

    key: str  # of its BibTeX entry
    title: str
    authors: str
    venue: str
    year: int
    arxiv: str = ""
    doi: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The authors' full names."""
        return tuple(self.authors.split(", "))

    @property
    def surnames(self) -> str:
        """The authors as one cites them: Hinton, Vinyals, Dean."""
        return ", ".join(name.split()[-1] for name in self.names)

    @property
    def reference(self) -> str:
        """Authors, title and year."""
        return f"{self.surnames}: {self.title} ({self.year})"
