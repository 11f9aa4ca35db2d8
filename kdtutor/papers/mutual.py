"""Deep Mutual Learning (Zhang, Xiang, Hospedales, Lu; CVPR 2018): students who teach each other, without a teacher."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..data import Batch, Data, Split
from ..errors import ShapeError, choose, require
from ..nets import Net
from ..nets.digest import digest
from ..nets.ensemble import averaged
from ..train import Alone, Distiller, Phase, evaluate, minimise
from ..train.checks import check_net
from ..train.objective import Terms, scores
from ..train.ready import check_role
from ..train.shares import traced
from .adapters import unchanged_statistics
from .hinton import check_temperature, entropy
from .tensors import full_precision, shape, softened_divergence

Target = Literal["each", "mean"]
Update = Literal["simultaneous", "alternating"]
Value = TypeVar("Value")


@full_precision
def mutual_loss(z: Float[Tensor, "B K"], peers: Sequence[Float[Tensor, "B K"]], T: float = 1.0) -> Float[Tensor, ""]:
    """T² · the mean over the peers of KL(p_peer ‖ p), p = softmax(z / T), in nats, mean over the B samples: what a net
    minimises beside its task. One peer is the pair of the paper (KL(p_2 ‖ p_1) for net 1), more are its cohort.

    The peers are constant: each has a loss of its own. The gradient by z is (T / B)(p - mean of the p_peer). Raises
    `ShapeError` unless all logits have one shape, and without a peer.

    >>> z, sure = torch.zeros(1, 2), torch.tensor([[4.0, 1.0]]).log()
    >>> round(mutual_loss(z, [sure]).item(), 4), round(mutual_loss(z, [sure, z]).item(), 4)
    (0.1927, 0.0964)
    """
    _check_peers(z, peers, "mutual_loss")
    return torch.stack([softened_divergence(z, peer, T) for peer in peers]).mean()


@full_precision
def ensemble_loss(z: Float[Tensor, "B K"], peers: Sequence[Float[Tensor, "B K"]], T: float = 1.0) -> Float[Tensor, ""]:
    """T² · KL(mean of the p_peer ‖ p): all peers speak with one voice, the mean of their probabilities (DML_e).

    It is below `mutual_loss` by a number that does not depend on z, so its gradient by z is the same. Raises as that.

    >>> z, sure = torch.zeros(1, 2), torch.tensor([[4.0, 1.0]]).log()
    >>> round(ensemble_loss(z, [sure]).item(), 4), round(ensemble_loss(z, [sure, -sure]).item(), 4)
    (0.1927, 0.0)
    """
    _check_peers(z, peers, "ensemble_loss")
    voice = averaged([peer.detach() / T for peer in peers], [1 / len(peers)] * len(peers))
    return T**2 * softened_divergence(z / T, voice, T=1.0)


LOSSES = {"each": mutual_loss, "mean": ensemble_loss}


class Mutual(Distiller):
    """Two students or more learn together: each minimises cross-entropy + weight · `mutual_loss`, where the others are
    its peers. There is no teacher, and every student has an optimiser of its own.

        method = Mutual(kd.nets.build("resnet20"), kd.nets.build("wrn_16_1"))

    Samples without a label count in the second term alone. The nets may differ in all but their classes; give them
    different first weights: equal nets would get equal gradients, and never have anything to tell each other.

    target: "each": every peer has a term of its own; "mean": one term, for the mean of their probabilities (DML_e).
    update: "simultaneous": all predictions are made, then all nets move. "alternating" (the paper's Algorithm 1): a net
    that has moved predicts again before the next one learns from it, which is one more forward pass for each net but
    the last. The authors' code alternates too, and draws new images for each net.
    A peer speaks as it is in training: its batch norms use the statistics of the batch, and store them once a step.

    The first net is the `student`: the one whose weights a folder keeps as the best and the last, and which
    `Recipe.ema` averages. Numbers of the others end in _2, _3, …; "ensemble_accuracy" is that of the mean of all
    probabilities, "entropy" the mean entropy of a net's probabilities on held-out images.
    """

    def __init__(
        self,
        student: Net,
        *peers: Net,
        weight: float = 1.0,
        T: float = 1.0,
        target: Target = "each",
        update: Update = "simultaneous",
    ) -> None:
        configs = [getattr(peer, "config", None) for peer in peers]
        super().__init__(student, weight=weight, T=T, target=target, update=update, peers=configs)
        require(len(peers) >= 1, "Mutual has one net; students learn together from two on: Mutual(student, other)")
        for number, peer in enumerate(peers, 2):
            check_net(peer, f"net {number}")
        require(weight >= 0, f"weight={weight}: the weight of the peers must not be negative")
        check_temperature(T)
        choose("target", target, LOSSES)
        choose("update", update, ("simultaneous", "alternating"))
        self.weight, self.T, self.target, self.update = weight, T, target, update
        self.names = ("student", *(f"peer{number}" for number in range(2, len(peers) + 2)))
        for name, peer in zip(self.names[1:], peers, strict=True):
            self.add_module(name, peer)
        _check_together(self.students)
        self.train(student.training)

    @property
    def students(self) -> tuple[Net, ...]:
        """All nets that learn, the student first."""
        return tuple(getattr(self, name) for name in self.names)

    def weights(self) -> dict[str, float]:
        return {"task": 1.0, "mutual": self.weight}

    def phases(self, epochs: int) -> tuple[Phase, ...]:
        return (Phase("together", epochs, self.compare, self.weights(), needs_teacher=False),)

    def parameter_groups(self, phase: Phase) -> dict[str, list[nn.Parameter]]:
        nets = zip(self.names, self.students, strict=True)
        return {name: [p for p in net.parameters() if p.requires_grad] for name, net in nets}

    def check(self, data: Data) -> None:
        super().check(data)
        for number, net in enumerate(self.students[1:], 2):
            Alone(net).check(data)
            check_role(net, f"net {number}", data)
        _check_different(self.students)

    def compare(self, z: Float[Tensor, "B K"], peers: Sequence[Float[Tensor, "B K"]], batch: Batch) -> Terms:
        """The terms of one net: its task, and how far it is from its peers."""
        return {"task": batch.task.loss(z, batch.labels), "mutual": LOSSES[self.target](z, peers, self.T)}

    def step(self, batch: Batch, phase: Phase, optimisers: Mapping[str, torch.optim.Optimizer]) -> Terms:
        """One update of every net."""
        logits = [traced(net.trace, batch.images).logits for net in self.students]
        spoken = [z.detach() for z in logits]
        recorded: Terms = {}
        for i, (name, net) in enumerate(zip(self.names, self.students, strict=True)):
            terms = phase.losses(logits[i], [z for j, z in enumerate(spoken) if j != i], batch)
            loss = minimise(terms, phase.weights, optimisers[name])
            recorded |= numbered({**terms, "loss": loss, **scores(spoken[i], batch)}, i + 1)
            if self.update == "alternating" and net is not self.students[-1]:
                with torch.no_grad(), unchanged_statistics(net):
                    spoken[i] = traced(net.trace, batch.images).logits
        return recorded

    def measure(self, split: Split, data: Data) -> dict[str, float]:
        asked = [evaluate(net, split, data) for net in self.students]
        told = {"accuracy": asked[0].accuracy}  # chooses the best epoch
        for number, one in enumerate(asked, 1):
            told |= numbered(
                {"accuracy": one.accuracy, "entropy": entropy(one.logits.softmax(1)).mean().item()}, number
            )
        voice = averaged([one.logits for one in asked], [1 / len(asked)] * len(asked))
        return {**told, "ensemble_accuracy": data.task.measures(voice, asked[0].labels)["accuracy"]}


def numbered(terms: Mapping[str, Value], number: int) -> dict[str, Value]:
    """Terms of net `number`, as they are recorded: those of the first as they are.

    >>> numbered({"task": 0.5}, 1), numbered({"task": 0.5}, 2)
    ({'task': 0.5}, {'task_2': 0.5})
    """
    return {name if number == 1 else f"{name}_{number}": value for name, value in terms.items()}


def _check_peers(z: Tensor, peers: Sequence[Tensor], what: str) -> None:
    told = f"{what}: the logits have shape {shape(z)} and there are {len(peers)} peers; expected (B, K) with B ≥ 1"
    require(z.ndim == 2 and z.numel() > 0 and len(peers) > 0, f"{told}, and at least one peer", ShapeError)
    for peer in peers:
        told = f"{what}: the net's logits have shape {shape(z)}, a peer's {shape(peer)}"
        require(peer.shape == z.shape, f"{told}; they must be equal", ShapeError)


def _check_together(nets: Sequence[Net]) -> None:
    """Raises `ConfigError` unless the nets are several, about the same classes."""
    owners: dict[nn.Parameter, int] = {}
    for number, net in enumerate(nets, 1):
        first = next((owners[p] for p in net.parameters() if p in owners), 0)
        told = f"the nets {first} and {number} share weights, so one would move the other"
        require(not first, f"{told}; build each on its own, or make one of copy.deepcopy(model)")
        owners |= dict.fromkeys(net.parameters(), number)
    outputs = [net.num_classes for net in nets]
    told = f"the nets tell {', '.join(map(str, outputs))} classes apart"
    require(len(set(outputs)) == 1, f"{told}; they can learn from each other only over the same classes")


def _check_different(nets: Sequence[Net]) -> None:
    """Raises `ConfigError` where two nets are equal: equal gradients would keep them so."""
    states = [digest(net.state_dict()) for net in nets]
    twice = [number for number, state in enumerate(states, 1) if state in states[: number - 1]]
    told = f"net {twice[:1]} has the weights of one before it, and equal nets stay equal and teach each other nothing"
    require(not twice, f"{told}; build each from a seed of its own: kd.seed_everything(1)")
