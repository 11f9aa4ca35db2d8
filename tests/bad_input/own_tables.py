"""Tables of one's own images that are damaged, incomplete or contradict themselves."""

from pathlib import Path
from typing import Any

from PIL import Image

from kdtutor import ConfigError, DataError, data

from .kinds import Bad, text
from .own_data import cut, picture


def table(folder: Path, content: str, name: str = "labels.csv", **options: Any) -> data.Data:
    """A table beside eight images, 0.png to 7.png; `*` in it stands for a row for each, of what follows in turns."""
    for i in range(8):
        picture(folder / f"{i}.png")
    head, star, cells = content.partition("*")
    turns = cells.split("/")
    rows = [f"{i}.png,{turns[i % len(turns)]}\n" for i in range(8)] if star else []
    (folder / name).write_bytes((head + "".join(rows)).encode())
    return data.load(folder / name, **options)


def raw(folder: Path, content: bytes, name: str = "labels.csv") -> data.Data:
    (folder / name).write_bytes(content)
    return data.load(folder / name)


def masks(folder: Path, first: Image.Image, classes: str = "") -> data.Data:
    """A table of masks of two classes, of which the first is another."""
    (folder / "masks").mkdir()
    for i in range(8):
        mask = Image.new("L", (48, 40))
        mask.putpixel((20, 20), 1)
        (mask if i else first).save(folder / "masks" / f"{i}.png")
    if classes:
        text(folder / "classes.txt", classes)
    return table(folder, "file,mask\n" + "".join(f"{i}.png,masks/{i}.png\n" for i in range(8)))


BAD: dict[str, Bad] = {
    "a table that is not there": Bad(
        lambda tmp: [text(tmp / "labels.csv", ""), data.load(tmp / "label.csv")], DataError,
        ("there is no", "label.csv", "did you mean 'labels.csv'?"),
    ),
    "an empty table": Bad(
        lambda tmp: raw(tmp, b"\n\n"), DataError, ("labels.csv is empty", "a header such as file,label"),
    ),
    "a table of a header": Bad(
        lambda tmp: raw(tmp, b"file,label\n"), DataError, ("has a header, 'file, label', and no row",),
    ),
    "a table without a header": Bad(
        lambda tmp: table(tmp, "*cat/dog"), DataError,
        ("the first line is '0.png, cat'", "expected a header with a column file or path or image or filename"),
    ),
    "a table without labels": Bad(
        lambda tmp: table(tmp, "file\n" + "".join(f"{i}.png\n" for i in range(8))), DataError,
        ("has no column beside file", "a label, or numbers"),
    ),
    "two columns of files": Bad(
        lambda tmp: table(tmp, "file,path,label\n*a,cat/a,dog"), DataError,
        ("has the columns file and path", "rename the other"),
    ),
    "two columns of one name": Bad(
        lambda tmp: table(tmp, "file,label,label\n*cat,cat/dog,cat"), DataError, ("has two columns named 'label'",),
    ),
    "a row that is too long": Bad(
        lambda tmp: table(tmp, "file,label\n*cat/dog,big"), DataError,
        ("labels.csv, line 3 has 3 cells, and the header 2", "put cells that hold ',' in quotes"),
    ),
    "a row that is too short": Bad(
        lambda tmp: table(tmp, "file,label\n7.png\n"), DataError, ("labels.csv, line 2 has 1 cells, and the header 2",),
    ),
    "a quote that does not end": Bad(
        lambda tmp: table(tmp, 'file,label\n"0.png,cat\n'), DataError, ("labels.csv, line 2", "is a quote missing?"),
    ),
    "a table in Latin-1": Bad(
        lambda tmp: raw(tmp, "file,label\n0.png,cat\n1.png,été\n".encode("latin-1")), DataError,
        ("labels.csv, line 3 is not written in UTF-8", "save the table as CSV in UTF-8"),
    ),
    "a table in UTF-16": Bad(
        lambda tmp: raw(tmp, "file,label\n0.png,cat\n".encode("utf-16")), DataError,
        ("is written in UTF-16", "in UTF-8"),
    ),
    "an image that is named as a table": Bad(
        lambda tmp: raw(tmp, picture(tmp / "a.png").read_bytes()), DataError,
        ("labels.csv is no table", "its content is no text"),
    ),
    "files that are missing": Bad(
        lambda tmp: table(tmp, "file,label\n8.png,cat\n0.png,cat\n9.png,dog\n"), DataError,
        ("labels.csv: 2 of 3 files are not there: 8.png (line 2), 9.png (line 4)", "names are looked up from"),
    ),
    "files without their endings": Bad(
        lambda tmp: table(tmp, "file,label\n0,cat\n1,dog\n"), DataError,
        ("2 of 2 files are not there: 0 (line 2), 1 (line 3)", "write their endings, too: 0.png"),
    ),
    "absolute paths of another computer": Bad(
        lambda tmp: table(tmp, "file,label\n/home/ada/0.png,cat\n0.png,dog\n"), DataError,
        ("1 of 2 files are not there: /home/ada/0.png (line 2)",),
    ),
    "a row without a file": Bad(
        lambda tmp: table(tmp, "file,label\n0.png,cat\n,dog\n"), DataError, ("labels.csv, line 3 names no file",),
    ),
    "a damaged file in a table": Bad(
        lambda tmp: cut(picture(tmp / "a.png")) or table(tmp, "file,label\na.png,cat\n*cat/dog"), DataError,
        ("labels.csv: 1 of 9 image files cannot be read: a.png (",),
    ),
    "one file with two labels": Bad(
        lambda tmp: table(tmp, "file,label\n0.png,dog\n*cat/dog"), DataError,
        ("labels.csv: lines 2 and 3 name 0.png, with label 'dog' and 'cat'", "task='multi-label' if both hold"),
    ),
    "one label alone": Bad(
        lambda tmp: table(tmp, "file,label\n*cat"), DataError, ("column label holds 'cat' alone", "at least 2 labels"),
    ),
    "a table whose labels are empty": Bad(
        lambda tmp: table(tmp, "file,label\n*"), DataError, ("column label holds no label at all",),
    ),
    "labels that differ by case": Bad(
        lambda tmp: table(tmp, "file,label\n*cat/Cat/dog"), DataError,
        ("labels.csv: the labels 'Cat' and 'cat' differ by case alone", "write them alike"),
    ),
    "a label of its own for each image": Bad(
        lambda tmp: table(tmp, "file,label\n*a/b/c/d/e/f/g/h"), DataError,
        ("of 8 images none is left for a test", "no two have a label in common"),
    ),
    "words among columns": Bad(
        lambda tmp: table(tmp, "file,width,remark\n*1.5,large/2,small"), DataError,
        ("has the columns width, remark", "'large' in them is no number", "name the one that counts label"),
    ),
    "words where a number is asked for": Bad(
        lambda tmp: table(tmp, "file,label\n*2.5/3.5/large", task="regression"), DataError,
        ("labels.csv, line 4: label is 'large', which is no number",),
    ),
    "no number at all": Bad(
        lambda tmp: table(tmp, "file,cm\n*nan", task="regression"), DataError, ("column cm holds no number at all",),
    ),
    "an infinite number": Bad(
        lambda tmp: table(tmp, "file,cm\n*1.5/2.5/inf"), DataError, ("labels.csv, line 4: cm is infinite",),
    ),
    "2 among 0 and 1": Bad(
        lambda tmp: table(tmp, "file,red,round\n*0,1/1,2", task="multi-label"), DataError,
        ("labels.csv, line 3: round is '2'", "expected 0 or 1"),
    ),
    "classes in several columns": Bad(
        lambda tmp: table(tmp, "file,red,round\n*0,1/1,0", task="classification"), ConfigError,
        ("task='classification'", "has the columns red, round", "name that of the classes label"),
    ),
    "an unknown split": Bad(
        lambda tmp: table(tmp, "file,label,split\n*cat,train/dog,dev"), DataError,
        ("labels.csv, line 3: split is 'dev'", "expected train, val or test"),
    ),
    "a split without training": Bad(
        lambda tmp: table(tmp, "file,label,split\n*cat,test/dog,test"), DataError, ("no image is for training",),
    ),
    "a split without a test": Bad(
        lambda tmp: table(tmp, "file,label,split\n*cat,train/dog,train"), DataError, ("no image is for the test",),
    ),
    "masks without a column": Bad(
        lambda tmp: table(tmp, "file,label\n*cat/dog", task="dense"), DataError, ("has no column mask", "task='dense'"),
    ),
    "a mask that is not there": Bad(
        lambda tmp: table(tmp, "file,mask\n*mask.png"), DataError, ("8 of 8 files are not there: mask.png (line 2)",),
    ),
    "a mask of another size": Bad(
        lambda tmp: masks(tmp, Image.new("L", (40, 48))), DataError,
        ("masks/0.png has 40×48 pixels, and its image 0.png 48×40", "they must be equal"),
    ),
    "a mask in colours": Bad(
        lambda tmp: masks(tmp, Image.new("RGB", (48, 40))), DataError,
        ("masks/0.png holds pixels of mode RGB", "an 8-bit greyscale or palette PNG"),
    ),
    "a mask beyond its classes": Bad(
        lambda tmp: masks(tmp, Image.new("L", (48, 40), 7), "ground\nflower\n"), DataError,
        ("masks/0.png holds number 7, and there are 2 classes: 0…1", "255 for what is ignored"),
    ),
    "masks of one class": Bad(
        lambda tmp: [Image.new("L", (48, 40)).save(tmp / "m.png"), table(tmp, "file,mask\n*m.png")], DataError,
        ("no mask shows a class beside number 0",),
    ),
    "a class of masks that is named twice": Bad(
        lambda tmp: masks(tmp, Image.new("L", (48, 40)), "sky\nsky\n"), DataError, ("classes.txt names a class twice",),
    ),
    "one name for masks": Bad(
        lambda tmp: masks(tmp, Image.new("L", (48, 40)), "sky\n"), DataError, ("classes.txt names 1 classes",),
    ),
}  # fmt: skip
