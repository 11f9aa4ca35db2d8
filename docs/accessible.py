"""What sphinx and its theme leave out for whoever has a page read aloud."""

import re
from typing import Any

from sphinx.application import Sphinx

LATE = 900  # once the theme has put its own parts in


def named(html: str) -> str:
    """A caption of a table of contents gets its level, and the arguments of a long signature are a list.

    >>> named('<p class="caption" role="heading">')
    '<p class="caption" role="heading" aria-level="2">'
    """
    html = html.replace('class="caption" role="heading"', 'class="caption" role="heading" aria-level="2"')
    return re.sub(r'<dl>\s*<dd><em class="sig-param".*?</dl>', _listed, html, flags=re.DOTALL)


def _listed(found: re.Match[str]) -> str:
    return found[0].replace("<dl>", '<dl role="list">').replace("<dd>", '<dd role="listitem">')


def complete(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Completes the parts of a page that are written already."""
    for part in ("body", "furo_navigation_tree"):
        if part in context:
            context[part] = named(context[part])


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers it for every page."""
    app.connect("html-page-context", complete, priority=LATE)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
