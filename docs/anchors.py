"""The anchors of headings: what GitHub makes of them, so that a link holds there and on the site."""

import re
import unicodedata


def slug(title: str) -> str:
    """A heading as the end of a link: lower case, words joined by hyphens, no accents and no other signs.

    >>> slug("3. Four questions"), slug("KL divergence"), slug("recall@k"), slug("Fréchet distance")
    ('3-four-questions', 'kl-divergence', 'recallk', 'frechet-distance')
    """
    plain = unicodedata.normalize("NFKD", title.strip().lower()).encode("ascii", "ignore").decode()
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", plain))
