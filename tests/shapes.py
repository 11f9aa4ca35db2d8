"""Shape annotations are run: wherever the tests import kdtutor, its functions answer for the shapes they write down.

The check comes after the call, and only where the call returns: bad input is refused by the functions themselves, in
sentences that have tests of their own. It is jaxtyping's `isinstance`, in which the name of an axis is one size within
one call, for every item of a sequence. (jaxtyping's own import hook checks before the call, and prepares inner
functions anew whenever they are defined, which in `spots` is every step; beartype looks at one item of a sequence,
drawn at random.)

Not checked: inner functions; sequences that make their items when asked; what torch.fx or torch.compile traces, where
shapes are unknown. `course` is left out, whose exercises compare the code objects of their own functions. Child
processes import kdtutor as it is.
"""

import ast
import sys
from collections import abc
from collections.abc import Callable, Hashable
from dataclasses import is_dataclass
from functools import cache, wraps
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from inspect import signature
from types import ModuleType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import torch
from jaxtyping import AbstractArray, jaxtyped
from numpy import ndarray
from torch import Tensor, fx

PACKAGES = tuple(f"kdtutor.{layer}" for layer in ("data", "nets", "train", "papers", "settings", "figures", "widgets"))
LATER = (abc.Callable, abc.Iterator, abc.Iterable)  # what they take or give is not there yet
CHECKED = "__checked__"  # the decorator's name within the modules


class ShapeMismatch(AssertionError):
    """A call returned, but its arguments or its result contradict the annotations."""


def install() -> None:
    """From now on, modules of `PACKAGES` are imported with every function and data class `checked`."""
    late = [name for name in sys.modules if name.startswith(PACKAGES)]
    assert not late, f"imported before their annotations could be checked: {late}"
    sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name.startswith(PACKAGES) else None
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        tree = ast.parse(self.get_data(self.path), self.path)
        _decorate(tree)
        setattr(module, CHECKED, checked)
        exec(compile(ast.fix_missing_locations(tree), self.path, "exec", dont_inherit=True), vars(module))


def _decorate(tree: ast.Module | ast.ClassDef) -> None:
    """Innermost around functions, which other decorators then take as they find them; outermost around classes."""
    for node in tree.body:
        decorator = ast.Name(CHECKED, ast.Load(), lineno=node.lineno, col_offset=node.col_offset)
        if isinstance(node, ast.FunctionDef):
            node.decorator_list.append(decorator)
        elif isinstance(node, ast.ClassDef):
            node.decorator_list.insert(0, decorator)
            _decorate(node)


def checked(made: Any) -> Any:
    """A function whose arguments and result are held against its shape annotations whenever it returns; of a data class
    the function that fills its fields."""
    if isinstance(made, type):
        if is_dataclass(made) and "__init__" in vars(made):
            made.__init__ = checked(made.__init__)  # type: ignore[misc]
        return made
    if not any(map(_may_have_shape, made.__annotations__.values())):
        return made  # nothing to hold it against: most functions stay as they are
    names = tuple(signature(made).parameters)
    known: set[Hashable] = set()  # a training calls with the same shapes in every step

    @wraps(made)
    def call(*args: Any, **kwargs: Any) -> Any:
        result = made(*args, **kwargs)
        if not torch.compiler.is_compiling() and (shapes := _shapes(made)):
            values = {**dict(zip(names, args, strict=False)), **kwargs, "return": result}
            told = {name: values[name] for name in shapes if name in values}
            if (kind := kind_of(told)) not in known:
                _check(made, told, tracing=any(isinstance(value, fx.Proxy) for value in values.values()))
                known.add(kind)
        return result

    return call


def _check(function: Callable[..., Any], values: dict[str, Any], tracing: bool) -> None:
    shapes = _shapes(function)
    with jaxtyped("context"):
        wrong = [name for name, value in values.items() if not fits(value, shapes[name])]
    if wrong and not tracing:
        told = "; ".join(f"{name} is {described(values[name])}, annotated {shapes[name]}" for name in wrong)
        raise ShapeMismatch(f"{function.__module__}.{function.__qualname__}: {told}")


@cache
def _shapes(function: Callable[..., Any]) -> dict[str, Any]:
    """The annotations of `function` that speak of shapes."""
    try:
        return {name: hint for name, hint in get_type_hints(function).items() if _has_shape(hint)}
    except NameError:  # it mentions what only type checkers import: a table of pandas
        return {}


def _may_have_shape(hint: Any) -> bool:
    """The same before names in quotes can be looked up: a shape stands in brackets."""
    return "[" in hint if isinstance(hint, str) else _has_shape(hint)


def _has_shape(hint: Any) -> bool:
    if get_origin(hint) in LATER:
        return False
    return (isinstance(hint, type) and issubclass(hint, AbstractArray)) or any(map(_has_shape, get_args(hint)))


def fits(value: Any, hint: Any) -> bool:
    """Whether `value` has the shapes that `hint` tells; what else it tells is for mypy."""
    kind, parts = get_origin(hint), get_args(hint)
    if kind in (Union, UnionType):
        return any(fits(value, part) for part in parts)
    if kind is tuple and ... not in parts:
        return isinstance(value, tuple | list) and len(value) == len(parts) and all(map(fits, value, parts))
    if isinstance(value, tuple | list) and parts:
        return all(fits(item, parts[0]) for item in value)
    if isinstance(value, dict) and len(parts) == 2:
        return all(fits(item, parts[1]) for item in value.values())
    return isinstance(value, hint) if isinstance(hint, type) and kind is None else True


def kind_of(value: Any) -> Hashable:
    """All that `fits` looks at in a value."""
    if isinstance(value, Tensor | ndarray):
        return type(value), value.dtype, value.shape
    if isinstance(value, tuple | list):
        return type(value), *map(kind_of, value)
    if isinstance(value, dict):
        return dict, *value, *map(kind_of, value.values())
    return type(value)


def described(value: Any) -> str:
    """Kinds and shapes in a value, for a message."""
    if isinstance(value, Tensor):
        return f"{value.dtype} {tuple(value.shape)}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(described, value))}]"
    if isinstance(value, dict):
        return str({name: described(item) for name, item in value.items()})
    return type(value).__name__
