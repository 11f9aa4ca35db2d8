"""The explorers for a page that lies in a folder: a browser lets no such page load modules or ask for files.

All modules become one ordinary script, in which each is a function that is called when it is first needed; what is
stored of an explorer becomes a script that hands it over. The modules themselves stay as they are written.
"""

import json
import re
from pathlib import Path

SCRIPT, ALL = "bundle.js", "kdExplorers"
NAMES = r"\{([^}]*)\}"
HEAD = """\
"use strict";
window.ALL = (() => {
  const here = document.currentScript.src, modules = {}, made = {}, handed = {};
  const need = (name) => made[name] ??= (modules[name](made[name] = {}), made[name]);
  const nameOf = (address) => String(address).slice(new URL(".", here).href.length);
  const storedAt = (address) => new Promise((resolve, reject) => {
    handed[nameOf(address)] = resolve;
    const failed = () => reject(new Error("is not there"));
    const script = { src: String(address).replace(/json$/, "js"), onerror: failed };
    document.head.append(Object.assign(document.createElement("script"), script));
  });
"""
TAIL = """\
  need("page.js").start(document, { here, storedAt, moduleOf: async (address) => need(nameOf(address)) });
  return { hand: (name, stored) => handed[name](stored) };
})();
"""


def bundle(folder: Path) -> str:
    """One script of all modules in a folder and the folders below it."""
    files = [path for path in sorted(folder.rglob("*.js")) if path.name != "main.js"]
    parts = [wrapped(path.read_text(encoding="utf-8"), path.relative_to(folder).as_posix()) for path in files]
    return "".join([HEAD.replace("ALL", ALL), *parts, TAIL])


def wrapped(module: str, name: str) -> str:
    """A module as a function that fills an object with what it exports.

    >>> print(wrapped('export const one = 1;', "a.js"))
      modules["a.js"] = (out) => {
    const one = 1;
    Object.assign(out, { one });
      };
    <BLANKLINE>
    """
    place = Path(name).parent
    at = lambda file: json.dumps((place / file).as_posix())  # noqa: E731
    text = re.sub(
        rf'import {NAMES} from "([^"]+)";', lambda m: f"const {{{_renamed(m[1])}}} = need({at(m[2])});", module
    )
    out: list[str] = re.findall(r"^export (?:async )?(?:function|const|class) (\w+)", text, re.MULTILINE)
    text = re.sub(
        rf'^export {NAMES} from "([^"]+)";',
        lambda m: f"{{ const {{{m[1]}}} = need({at(m[2])}); Object.assign(out, {{{m[1]}}}); }}",
        text,
        flags=re.MULTILINE,
    )
    text = re.sub(r"^export default ", "out.default = ", text, flags=re.MULTILINE)
    text = re.sub(r"^export (?=async |function|const|class)", "", text, flags=re.MULTILINE)
    text = text.replace("import.meta.url", "undefined")
    names = f"Object.assign(out, {{ {', '.join(out)} }});\n" if out else ""
    return f"  modules[{json.dumps(name)}] = (out) => {{\n{text.rstrip()}\n{names}  }};\n"


def _renamed(names: str) -> str:
    return names.replace(" as ", ": ")


def handed(stored: Path, folder: Path) -> str:
    """What is stored of an explorer, as a script that hands it over."""
    name = json.dumps(stored.relative_to(folder).as_posix())
    return f"{ALL}.hand({name}, {stored.read_text(encoding='utf-8').strip()});\n"
