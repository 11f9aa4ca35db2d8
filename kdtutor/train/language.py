"""How a language model learns: alone from a text, or from a text and a teacher."""

from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from ..data import Batch, Data, Source, Split
from ..data.pinned import onto
from ..data.text import LanguageModelling, Windows
from ..errors import require
from ..nets.language import LanguageModel
from ..nets.modes import evaluating
from ..nets.sampling import continued
from .objective import Terms, minimise
from .recipe import Recipe
from .trainable import Phase, Trainable

CHUNK = 256  # windows a forward pass when nothing is learnt


class LanguageDistiller(Trainable):
    """Base of every method between language models, and the student alone: cross-entropy of the next character.

    A method overrides `taught`, the terms of a batch of the text. One that lets somebody write gives prompts of
    `prompt` characters of the text, and has them continued to a window. If the student is to write, let it learn from
    the text first: who cannot write yet writes nothing that is worth an answer.
    """

    kind = LanguageModel
    student: LanguageModel
    teacher: LanguageModel | None

    def __init__(
        self, student: LanguageModel, teacher: LanguageModel | None = None, prompt: int = 8, **options: float
    ) -> None:
        super().__init__(student, teacher, prompt=prompt, **options)
        require(1 <= prompt <= student.context, f"prompt={prompt}: it must lie in 1…{student.context}, the context")
        self.prompt = prompt

    def phases(self, epochs: int) -> tuple[Phase, ...]:
        name = "text" if self.teacher is None else "taught"
        return (Phase(name, epochs, self.taught, self.weights(), needs_teacher=self.teacher is not None),)

    def check(self, data: Data) -> None:
        told = f"{type(self).__name__} reads text, and {data.name} is a set for {data.task}"
        require(isinstance(data.task, LanguageModelling), f"{told}; make one with kd.data.text")
        window = data.test.images.shape[1]
        for role, net in (("student", self.student), ("teacher", self.teacher)):
            if net is None:
                continue
            told = f"the {role} knows {net.vocabulary} characters, {data.name} has {data.num_classes}"
            require(net.vocabulary == data.num_classes, f"{told}; build it with vocabulary={data.num_classes}")
            told = f"the {role} looks back on {net.context} characters, the windows of {data.name} have {window}"
            require(net.context >= window, f"{told}; build it with context={window}, or make the windows shorter")
        told = f"prompt={self.prompt}: the windows of {data.name} have {window} characters"
        require(self.prompt <= window, f"{told}; take a shorter prompt")

    def source(self, data: Data, recipe: Recipe) -> Source:
        return Windows(data.train, recipe.batch_size, recipe.steps_per_epoch)

    def weights(self) -> dict[str, float]:
        """The weight of each term of `taught`; without any, every term counts once."""
        return {}

    def next_character(self, batch: Batch) -> Terms:
        """Cross-entropy on the text, as "task"."""
        return {"task": batch.task.loss(self.student(batch.images), batch.labels)}

    def taught(self, batch: Batch) -> Terms:
        """The terms of the method."""
        return self.next_character(batch)

    def step(self, batch: Batch, phase: Phase, optimisers: Mapping[str, torch.optim.Optimizer]) -> Terms:
        terms = phase.losses(batch)
        loss = minimise(terms, phase.weights, optimisers["student"])
        return {**{name: value.detach() for name, value in terms.items()}, "loss": loss}

    def measure(self, split: Split, data: Data) -> dict[str, float]:
        """Accuracy, and bits per character."""
        return measured(self.student, split)

    def answers(self, tokens: Int[Tensor, "B L"]) -> Float[Tensor, "B L K"]:
        """The teacher's logits, without a gradient."""
        assert self.teacher is not None
        with torch.no_grad():
            made: Tensor = self.teacher(tokens)
            return made

    def written(self, batch: Batch, teachers: float = 0.0) -> Int[Tensor, "B length"]:
        """Windows that the student writes after the first characters of the batch's, and the character that comes next
        in each; with `teachers`, that share of each character's probabilities is the teacher's."""
        prompts = batch.images[:, : self.prompt]
        count = batch.images.shape[1] + 1 - self.prompt
        u = onto(torch.rand(len(prompts), count, generator=self.noise), prompts)
        return continued(self.student, prompts, u, other=self.teacher if teachers else None, share=teachers)


def after_prompt(tokens: Int[Tensor, "B L"], prompt: int) -> Bool[Tensor, "B L"]:
    """Which places of windows `tokens` say something of a character that was written: all but those within the prompt,
    whose next character belongs to the prompt too.

    >>> after_prompt(torch.zeros(1, 5).long(), prompt=3).tolist()
    [[False, False, True, True, True]]
    """
    return (torch.arange(tokens.shape[1], device=tokens.device) >= prompt - 1).expand(tokens.shape)


def answered(model: LanguageModel, tokens: Shaped[Tensor, "N L"]) -> Float[Tensor, "N L K"]:
    """The logits of a model for many windows, which may be kept as bytes, in eval mode and without a gradient.

    >>> model = kd.nets.language_model("gpt1x16", vocabulary=5, context=8)
    >>> answered(model, torch.zeros(3, 8).long()).shape
    torch.Size([3, 8, 5])
    """
    where = next(model.parameters()).device
    with evaluating(model):
        return torch.cat([model(chunk.to(where).long()) for chunk in tokens.split(CHUNK)])


def measured(model: LanguageModel, split: Split) -> dict[str, float]:
    """Accuracy and bits per character of a model on windows of a text.

    >>> alice = kd.data.text("alice", context=8)
    >>> model = kd.nets.language_model("gpt1x16", alice.num_classes, context=8)
    >>> 5 < measured(model, alice.val)["bits"] < 7  # log2(72) = 6.2: it knows nothing yet
    True
    """
    z = answered(model, split.images)
    return split.task.measures(z, split.labels.to(z.device))
