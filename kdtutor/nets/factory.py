"""Nets of one's own: "module:function" names a function that makes one."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module, invalidate_caches
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from ..errors import ConfigError, DataError, UnknownName, require


def is_factory(name: str) -> bool:
    """Whether `name` has the form of a factory's: "module:function" or "path/to/file.py:function".

    >>> is_factory("mynets:small"), is_factory("resnet20")
    (True, False)
    """
    return ":" in name and not name.startswith("timm.")


def call_factory(name: str, classes: int) -> nn.Module:
    """What the factory returns: a model with fresh weights. The module is imported, so its code runs.

    A module is looked for in the working folder, too; beside a file its other modules can be imported. The function is
    called with num_classes=`classes` if it takes that, else with classes=`classes`, else without arguments.

    Raises:
        DataError: no such file. UnknownName: no such module, or no such function in it. ConfigError: the module cannot
        be imported, the function fails, or it returns something else than an `nn.Module`.

    >>> call_factory("torchvision.models:mobilenet_v3_small", classes=2).classifier[-1].out_features
    2
    """
    place, _, function = name.rpartition(":")
    require(bool(place and function), f"{name!r} names no factory; expected module:function or file.py:function")
    file = Path(place) if place.endswith(".py") else None
    with _importable(file.resolve().parent if file else Path.cwd()):
        module = _module(place, file, name)
        make = getattr(module, function, None)
        if not callable(make):
            raise UnknownName(_absent(module, function, place))
        try:
            model = make(**_arguments(make, classes))
        except Exception as error:  # the user's own code
            raise ConfigError(f"{name!r} fails: {_said(error)}") from error
    kind = type(model).__name__
    require(isinstance(model, nn.Module), f"{name!r} returns {kind}; expected a model, an nn.Module")
    made: nn.Module = model
    return made


def _module(place: str, file: Path | None, name: str) -> ModuleType:
    """The module, imported once a process: what is imported already under this name is it, if it is the same file."""
    if file is not None and not file.is_file():
        raise DataError(f"there is no file {place}, which the factory {name!r} names")
    try:
        return _from_file(file.resolve()) if file else import_module(place)
    except ModuleNotFoundError as error:
        if error.name and f"{place}.".startswith(f"{error.name}."):
            raise UnknownName(
                f"there is no module {error.name!r}, which the factory {name!r} names; expected an importable module "
                "or a path that ends in .py"
            ) from error
        raise ConfigError(f"{place} cannot be imported: {_said(error)}") from error
    except (Exception, SystemExit) as error:  # the user's own code
        raise ConfigError(f"{place} cannot be imported: {_said(error)}") from error


def _from_file(file: Path) -> ModuleType:
    known = sys.modules.get(file.stem)
    if known is not None and Path(str(getattr(known, "__file__", ""))).resolve() == file:
        return known
    spec = spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None  # its name ends in .py
    module = module_from_spec(spec)
    if known is None:
        sys.modules[file.stem] = module  # data classes and pickles look their module up
    try:
        spec.loader.exec_module(module)
    except BaseException:
        if known is None:
            del sys.modules[file.stem]
        raise
    return module


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Modules in `folder` can be imported meanwhile, as in a script that lies there."""
    sys.path.insert(0, str(folder))
    invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _arguments(make: Callable[..., Any], classes: int) -> dict[str, int]:
    try:
        parameters = inspect.signature(make).parameters
    except ValueError:  # some built-in functions have none
        return {}
    takes_any = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    if "num_classes" in parameters or (takes_any and "classes" not in parameters):
        return {"num_classes": classes}
    return {"classes": classes} if "classes" in parameters else {}


def _absent(module: ModuleType, function: str, place: str) -> str:
    if hasattr(module, function):
        return f"{function!r} of {place} is {type(getattr(module, function)).__name__}, not a function"
    own = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
    near = get_close_matches(function, own, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(own[:5]) or 'none'}"
    return f"{place} has no function {function!r}; {hint}"


def _said(error: BaseException) -> str:
    """The error in one line."""
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:150]}".removesuffix(": ")
