"""What is asked of a cluster's nodes before the first run: room for it, and the versions that are here."""

import platform
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import Any

from ..errors import require

Node = Mapping[str, Any]


def versions() -> dict[str, str]:
    """What numbers depend on, with the releases that are here; builds of one release (+cpu, +cu130) count as equal.

    >>> sorted(versions())
    ['Python', 'kdtutor', 'torch']
    """
    from kdtutor import __version__  # by name, and here: nodes get this function alone, and answer for themselves

    try:
        torch = metadata.version("torch").partition("+")[0]
    except metadata.PackageNotFoundError:
        torch = "nowhere"
    return {"Python": ".".join(platform.python_version_tuple()[:2]), "torch": torch, "kdtutor": __version__}


def rooms(nodes: list[Node], gpus: float) -> list[Node]:
    """The nodes that are there and have a core, and the share of a GPU, for one run.

    >>> here, lost = ({"Alive": alive, "Resources": {"CPU": 2.0}} for alive in (True, False))
    >>> rooms([here, lost], gpus=0) == [here] and rooms([here, lost], gpus=0.5) == []
    True
    """
    asked = {"CPU": 1, "GPU": gpus}
    return [node for node in nodes if node["Alive"] and all(node["Resources"].get(k, 0) >= n for k, n in asked.items())]


def require_room(nodes: list[Node], gpus: float, where: str) -> None:
    """Raise `ConfigError` unless some node has room for a run: it would wait for ever.

    >>> require_room([{"Alive": True, "Resources": {"CPU": 2.0}}], gpus=0, where="here")  # silent: there is room
    """
    require(bool(rooms(nodes, 0)), f"{where} has no node with a core for a run; add one (ray start --address=…)")
    require(
        bool(rooms(nodes, gpus)),
        f"{where} has no node that can give a run {gpus:g} GPU; ask for less, or leave gpus_per_run out",
    )


def require_equal_versions(ray: Any, nodes: list[Node]) -> None:
    """Raise `ConfigError` for a node whose versions are not those here: its numbers could differ."""
    here = versions()
    for node, there in _asked(ray, [node for node in nodes if node["Alive"]]):
        name = f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})"
        require(
            not isinstance(there, Exception),
            f'the node {name} cannot run kdtutor ({one_line(there)}); install it there: pip install "kdtutor[cluster]"',
        )
        differing = [
            f"{what} {there[what]}, here {version}" for what, version in here.items() if there[what] != version
        ]
        require(
            not differing, f"the node {name} has {' and '.join(differing)}: numbers could differ; install what is here"
        )


def _asked(ray: Any, nodes: list[Node]) -> Iterator[tuple[Node, Any]]:
    """Each node with its versions, or with the error that came instead; what is lost meanwhile is none any more."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    task = ray.remote(num_cpus=0)(versions)
    this = sys.modules[__name__]
    ray.cloudpickle.register_pickle_by_value(this)  # a node that cannot import kdtutor answers, too
    try:
        places = [NodeAffinitySchedulingStrategy(node["NodeID"], soft=False) for node in nodes]
        asked = [(node, task.options(scheduling_strategy=at).remote()) for node, at in zip(nodes, places, strict=True)]
    finally:
        ray.cloudpickle.unregister_pickle_by_value(this)
    for node, answer in asked:
        try:
            yield node, ray.get(answer)
        except ray.exceptions.TaskUnschedulableError:
            continue
        except ray.exceptions.RayError as error:
            yield node, error


def one_line(error: Any) -> str:
    """The first line of what an error says, or its kind where it says nothing.

    >>> one_line(ValueError("no\\nbecause")), one_line(ValueError())
    ('no', 'ValueError')
    """
    error = getattr(error, "cause", None) or error  # what a task raised, without its stack
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
