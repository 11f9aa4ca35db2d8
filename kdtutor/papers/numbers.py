"""Numbers that nets answer with, in which units, for methods that compare those of student and teacher."""

from jaxtyping import Float
from torch import Tensor

from ..data import Regression, Task
from ..data.tasks import task_of
from ..errors import require
from ..nets import Net


def same_numbers(student: Net, teacher: Net) -> None:
    """Both nets answer with as many numbers. Raises `ConfigError`.

    >>> same_numbers(*(kd.nets.build("mlp8", classes=2) for _ in "st"))  # silent: two each
    """
    told = f"the teacher answers with {teacher.num_classes} numbers and the student with {student.num_classes}"
    require(teacher.num_classes == student.num_classes, f"{told}; they can be compared only one by one")


def translated(outputs: Float[Tensor, "B D *size"], teacher: Net, task: Task | None) -> Float[Tensor, "B D *size"]:
    """The teacher's `outputs` in the standard units of `task`. Where both are the same, or the teacher's card tells no
    units, or the task has none, they stay as they are.

    >>> teacher, metres = kd.nets.build("mlp8", classes=1), kd.data.Regression((5.0,), (2.0,))
    >>> teacher.card = {"task": "regression", "task options": {"mean": [7.0], "std": [1.0]}}
    >>> translated(torch.tensor([[2.0]]), teacher, metres).item()  # 9, which is two times two from 5
    2.0
    """
    own = task_of(teacher.card)
    if not isinstance(task, Regression) or not isinstance(own, Regression) or own == task:
        return outputs
    return task.standard(own.predictions(outputs))
