"""The explorers of the static pages: what the cells of a lesson show, and scripts that move it without a kernel.

`python -m docs.explorers [LESSON …]` runs lessons and stores their explorers in `stored/`; `fronts/` says which of them
compute on the page, by which module; the others are stored as pictures, `frames.py`. `page.js` brings a page to life,
what `bundle.py` makes one that is opened as a file.
"""
