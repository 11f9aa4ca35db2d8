"""Any torchvision or timm classifier, of images or of pixels, as a `Net`, through torchvision's feature extraction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..errors import ConfigError, ShapeError, require
from . import dense, graphs
from .admitted import blank, check_model
from .auto import find_stages
from .layout import mend
from .modes import modes_kept
from .symbolic import both_graphs
from .trace import Net
from .wrapped import Wrapped


def wrap(
    model: nn.Module,
    stages: Sequence[str] | Literal["auto"] = (),
    embedding: str | None = None,
    logits: str | None = None,
    stem: str | None = None,
    *,
    example: Float[Tensor, "B ..."] | None = None,
) -> Net:
    """A classifier from elsewhere as a `Net`. It shares the model's weights: to train one is to train the other.

    Name a stage by the node *before* its ReLU ("layer1.1.add" in torchvision's ResNets), so that AB and OFD read
    pre-activations; a node after a ReLU ("layer1") serves every method that reads active maps. Of a node that no ReLU
    follows the active map is the node itself. With stages="auto" stem and stages are found where the resolution
    changes, see `find_stages`; `stages_of` shows them. Tokens (B, N, C) of a transformer are read as maps, without the
    class token, and maps with the channels last as maps.

    Args:
        model: any classifier that torch.fx can trace.
        stages: nodes, or modules for their last node, in the order in which they are computed, see `node_names`; or
            "auto".
        embedding: node of the embedding, flattened to (B, D); default: what the last linear layer reads, or of a model
            whose logits a convolution computes the mean over the pixels of what that reads.
        logits: node of the logits (B, K) or (B, K, H, W); default: what the model returns, of several outputs the one
            that is called "out", as in torchvision's segmentation models.
        stem: node of the map before the first stage; with "auto" it is found.
        example: images to measure the widths with; default: one of zeros, of the size that the model names or 224².

    Raises:
        UnknownName: the model has no such node. ConfigError: it cannot be traced, or a default does not apply to it.
        ShapeError: a stage is not a map, or the logits are neither (B, K) nor (B, K, H, W).

    >>> from torch import nn
    >>> model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))
    >>> wrap(model, stages=["0"], example=torch.zeros(1, 3, 8, 8)).trace(torch.zeros(5, 3, 8, 8)).stages[0].shape
    torch.Size([5, 4, 6, 6])
    """
    check_model(model)
    mend(model)
    text = f"stages is the text {stages!r}; expected a list of nodes, or 'auto'"
    require(stages == "auto" or not isinstance(stages, str), text)
    named = [] if stages == "auto" else list(stages)
    net = Wrapped(model, {"stages": named, "embedding": embedding, "logits": logits, "stem": stem})
    with modes_kept(model), torch.no_grad():
        model.eval()
        first = graphs.first_convolution(model, net.graphs[False])
        net.channels = first.in_channels if first is not None else None
        images = blank(model, net.channels) if example is None else example
        read = _first_pass(net, images)
        if stages == "auto":
            found = find_stages(model, net.graphs[False], net._nodes["logits"], net._images(images))
            net.ask(stages=found.stages, stem=stem or found.stem)
        if net.taps:
            net.look(net._images(images))
            read = net.read(images)
        _measure(net, model, images, read)
        net.example = tuple(net._images(images).shape)
    return net


def node_names(model: nn.Module) -> list[str]:
    """Names of all operations of a model, in the order in which they are computed: what `wrap` can read.

    >>> node_names(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 3)))
    ['input', '0', '1']
    """
    return list(graphs.labelled(both_graphs(model)[False]))


def _measure(net: Wrapped, model: nn.Module, example: Float[Tensor, "B ..."], read: dict[str, Any]) -> None:
    """Learn widths from what was read of an example in evaluation, and check that it is what a trace should hold."""
    shape = tuple(getattr(read["logits"], "shape", ()))
    message = f"the logits of {net.name} have shape {shape}, expected (B, K), or (B, K, H, W) of pixels"
    require(len(shape) in (2, 4), f"{message}; name their node: wrap(model, logits=…)", ShapeError)
    net.per_pixel = len(shape) == 4
    one = shape[2:] == (1, 1) != example.shape[2:]
    require(not one, f"{message} as large as the images; of whole images flatten them to (B, K)", ShapeError)
    net.averages = net.per_pixel or (net.asked["embedding"] is None and read["embedding"].ndim == 4)
    if net.asked["logits"] is None:
        _check_faithful(net, model, example)
    maps = read["stages"] if read["stem"] is None else (read["stem"], *read["stages"])
    for h in maps:
        message = f"a stage of {net.name} has shape {tuple(h.shape)}, expected a map (B, C, H, W); leave it out"
        require(h.ndim == 4, message, ShapeError)
    net.widths = tuple(stage.shape[1] for stage in read["stages"])
    net.stem_width = None if read["stem"] is None else read["stem"].shape[1]
    net.embedding_shape = tuple(read["embedding"].shape[1:])
    net.embedding_dim, net.num_classes = net._embedding(read["embedding"]).shape[1], shape[1]


def _first_pass(net: Wrapped, example: Float[Tensor, "B ..."]) -> dict[str, Any]:
    """What the net reads of the example; learns whether the first convolution reads the images' own channels."""
    own = example.shape[1] if example.ndim == 4 and net.channels is not None else net.channels
    errors: list[Exception] = []
    for channels in dict.fromkeys([net.channels, own] if own in (1, net.channels) else [own]):
        net.channels = channels
        try:
            return net.read(example)
        except Exception as error:  # again the model's own code
            errors.append(error)
    raise ConfigError(
        f"{net.name} cannot read a batch {tuple(example.shape)} ({str(errors[0])[:120]}); pass some of your images, "
        "wrap(model, example=images), or another size: build(name, size=…)"
    ) from errors[0]


def _check_faithful(net: Wrapped, model: nn.Module, example: Float[Tensor, "B ..."]) -> None:
    """The graph must compute the logits that the model returns, whatever it draws at random in evaluation, too."""
    state = torch.get_rng_state()
    returned = dense.main_output(model(net._images(example)))
    torch.set_rng_state(state)
    logits = net.read(example)["logits"]
    torch.set_rng_state(state)
    require(
        torch.allclose(returned, logits, rtol=0, atol=0, equal_nan=True),
        f"{net.name} returns other numbers than its graph computes: they depend on more than the images, or torch.fx "
        "does not see an operation; such a model cannot be wrapped",
    )
