"""The panel of lesson 0: what is passed, what comes next, and a box that says whether it is kept."""

from typing import Any

import ipywidgets

from ..errors import Error
from .progress import forget, keep, kept, progress


class ProgressPanel(ipywidgets.VBox):
    """The table of `progress`, a box to tick if it is to be kept, and a button that looks again.

    Clearing the box removes what is kept.
    """

    def __init__(self) -> None:
        self.box = ipywidgets.Checkbox(value=kept(), indent=False, description="Keep here what I have passed")
        self.button = ipywidgets.Button(description="Look again", tooltip="Read again which exercises are passed")
        self.table = ipywidgets.HTML()
        super().__init__([ipywidgets.HBox([self.box, self.button]), self.table])
        self.box.observe(self._ticked, names="value")
        self.button.on_click(lambda _: self.show())
        self.show()

    def show(self) -> None:
        """Read what is kept, and draw it."""
        try:
            self.table.value = progress()._repr_html_()
        except Error as error:
            self.table.value = f"<p>{error}</p>"

    def _ticked(self, change: dict[str, Any]) -> None:
        keep() if change["new"] else forget()
        self.show()

    def __repr__(self) -> str:
        return f"Progress: {progress().sentence}"
