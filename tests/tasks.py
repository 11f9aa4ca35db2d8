"""Digits for every task: the same images, whose labels are read as another task has them."""

from dataclasses import replace

import torch
from torch import Tensor

import kdtutor as kd
from kdtutor.data import UNLABELLED, Classification, Data, MultiLabel, Regression, Split, Task
from kdtutor.papers import METHODS


def with_labels(data: Data, labels: dict[str, Tensor], task: Task) -> Data:
    """The same images with other labels, by split."""
    made = {part: Split(split.images, labels[part], task=task) for part, split in data.splits().items()}
    return replace(data, **made)


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """A column for each class; NaN where there is no label."""
    columns = torch.eye(classes)[labels.clamp(min=0).cpu()]
    return torch.where((labels == UNLABELLED)[:, None].cpu(), torch.nan, columns)


def as_task(data: Data, task: str) -> Data:
    """Ten columns, for nets that tell ten classes apart: a label for each digit, or a number for each."""
    if task == "classification":
        return data
    columns = {part: one_hot(split.labels, data.num_classes) for part, split in data.splits().items()}
    return with_labels(data, columns, {"multi-label": MultiLabel(), "regression": regression(columns["train"])}[task])


def regression(labels: Tensor) -> Regression:
    return Regression.of(labels)


def fitting(name: str, data: Data) -> Data:
    """The data as the method `name` admits them: as they are, or for the first of its tasks."""
    kind = METHODS.get(name, kd.Distiller)
    return data if issubclass(Classification, kind.tasks) else as_task(data, kind.tasks[0].name)


def of_classes(names: tuple[str, ...] | list[str] = tuple(METHODS)) -> tuple[str, ...]:
    """Those of the methods that admit classification: what chooses spots or makes images asks for classes."""
    return tuple(name for name in names if issubclass(Classification, METHODS[name].tasks))
