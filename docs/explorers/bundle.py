"""The explorers of a page that is opened as a file: there a browser loads neither modules nor JSON, but plain scripts.

`bundle` makes one script of all modules, `as_script` one of what is stored of an explorer, which lies beside its JSON.
"""

import posixpath
import re

from .capture import STORED

FOLDER = STORED.parent
IMPORT = re.compile(r'^import \{([^}]*)\} from "([^"]+)";', re.MULTILINE)
AGAIN = re.compile(r'^export \{([^}]*)\} from "([^"]+)";', re.MULTILINE)
NAMED = re.compile(r"^export (?=(?:async )?(?:const|function)\W+(\w+))", re.MULTILINE)
START = """
const base = document.currentScript.src;
const waiting = {};
window.kdStored = (address, stored) => waiting[address](stored);
const read = (url) => new Promise((done, failed) => {
  const src = `${url}.js`;
  waiting[src] = done;
  document.head.append(Object.assign(document.createElement("script"), { src, onerror: () => failed(Error(src)) }));
});
need("kit/wake.js").start({ base, load: async (name) => need(`${name}.js`), read });
"""


def bundle() -> str:
    """All modules as one plain script, which wakes the explorers of its page."""
    paths = [path for path in sorted(FOLDER.rglob("*.js")) if STORED not in path.parents and path.name != "page.js"]
    names = [path.relative_to(FOLDER).as_posix() for path in paths]
    functions = [
        f'"{name}": (exports) => {{\n{as_function(name, path.read_text(encoding="utf-8"))}}},\n'
        for name, path in zip(names, paths, strict=True)
    ]
    need = "const need = (name) => (made[name] ??= ((exports) => (modules[name](exports), exports))({}));\n"
    return "(() => {\nconst made = {}, modules = {\n" + "".join(functions) + "};\n" + need + START + "})();\n"


def as_function(name: str, source: str) -> str:
    """The text of a module as the body of a function of `exports`, with `need` for what it imports."""

    def needed(path: str) -> str:
        return f'need("{posixpath.normpath(posixpath.join(posixpath.dirname(name), path))}")'

    exported = NAMED.findall(source)
    source = IMPORT.sub(lambda found: f"const {{{found[1].replace(' as ', ': ')}}} = {needed(found[2])};", source)
    source = AGAIN.sub(
        lambda found: "\n".join(f"exports.{word.strip()} = {needed(found[2])}.{word.strip()};"
                                for word in found[1].split(",") if word.strip()), source)  # fmt: skip
    source = NAMED.sub("", source).replace("export default ", "exports.default = ")
    return source + f"Object.assign(exports, {{ {', '.join(exported)} }});\n"


def as_script(stored: str) -> str:
    """What is stored of an explorer, a JSON, as the script beside it: <cell id>.json.js."""
    return f"kdStored(document.currentScript.src, {stored.strip()});\n"
