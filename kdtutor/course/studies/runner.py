"""Runs the experiments behind the lessons' numbers: many short trainings, paired over seeds, stored with origin."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import data
from ...errors import DataError, require
from ...files import append_line, file_name, held, read_json, require_sealed, sealed, write_whole
from ...train import environment
from ...train.seeds import mean_and_error
from ...workers import Workers
from ...workers import workers as workers_of

if TYPE_CHECKING:
    import pandas as pd

Case = Mapping[str, Any]
FORMAT = 1


@dataclass(frozen=True)
class Study:
    """A question, the cases that answer it, and how one case is run with one seed.

    `run(case, seed)` returns rows of numbers: one dict, or several (one per epoch, say). Everything random in it comes
    from `seed`, and equal seeds give the cases equal first weights and batches: differences are paired.
    """

    name: str
    question: str
    cases: tuple[Case, ...]
    run: Callable[[Case, int], dict[str, float] | list[dict[str, float]]]
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)

    def path(self, folder: Path | None = None) -> Path:
        """Where it is stored: in `folder`, else in results/ of KDTUTOR_DATA, if that is set, and of data/ if not."""
        return (folder or data.search_roots()[0] / "results") / f"{file_name('study', self.name)}.json"


def conduct(
    study: Study,
    folder: Path | None = None,
    workers: int | None = None,
    say: Callable[[str], None] = print,
    *,
    on: str = "pool",
    gpus_per_run: float | None = None,
) -> Path:
    """Run every case with every seed and store the rows; a study that was interrupted goes on where it was.

    `on`, `workers` and `gpus_per_run` say who runs them: see `kdtutor.workers.workers`. Runs use one thread each, so
    that a result depends neither on who, nor on how many at a time. One process at a time conducts a study: another
    one gets a `BusyError`.
    """
    path = study.path(folder)
    crew = workers_of(on, workers, gpus_per_run)
    with held(path.parent, f".{study.name}.lock"):
        return _conduct(study, path, crew, say)


def _conduct(study: Study, path: Path, crew: Workers, say: Callable[[str], None]) -> Path:
    notes = path.with_suffix(".partial.jsonl")
    done, damaged = _read_notes(notes)
    if damaged:
        say(f"{study.name}: {damaged} lines of {notes.name} are damaged; their runs are made again")
        write_whole(notes, "".join(f"{json.dumps(note)}\n" for note in done.values()))
    jobs = [(study, case, seed) for case in study.cases for seed in study.seeds if _key(case, seed) not in done]
    say(f"{study.name}: {len(jobs)} runs to do, {len(done)} done")
    with closing(crew.run(_timed, jobs)) as results:
        for count, (index, (rows, seconds)) in enumerate(results, 1):
            _, case, seed = jobs[index]
            done[_key(case, seed)] = sealed({"case": dict(case), "seed": seed, "rows": rows, "seconds": seconds})
            append_line(notes, json.dumps(done[_key(case, seed)]))
            say(f"{study.name}: {count}/{len(jobs)}  {_key(case, seed)}  {seconds:.1f} s")
    ordered = [(case, seed, done[_key(case, seed)]) for case in study.cases for seed in study.seeds]
    stored = {
        "format": FORMAT,
        "study": study.name,
        "question": study.question,
        "command": f"kdtutor results {study.name}",
        "environment": {**environment(), "threads": 1},
        "seconds": round(sum(result["seconds"] for _, _, result in ordered)),
        "rows": [{**case, "seed": seed, **row} for case, seed, result in ordered for row in result["rows"]],
    }
    lines = json.dumps(sealed(stored), indent=1, ensure_ascii=False).replace("\n   ", " ").replace("\n  }", " }")
    write_whole(path, lines + "\n")
    notes.unlink(missing_ok=True)
    return path


def stored_results(name: str, folder: Path | None = None) -> "pd.DataFrame":
    """The rows of a stored study, one run (and epoch) a row; `attrs` holds its question, command and environment."""
    import pandas as pd

    path = _stored(name) if folder is None else folder / f"{name}.json"
    try:
        stored = read_json(path.read_bytes())
        require_sealed(stored)
        frame = pd.DataFrame(stored["rows"])
        frame.attrs.update({key: value for key, value in stored.items() if key != "rows"})
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; `kdtutor results {name}` makes it") from None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise DataError(f"{path} is damaged ({error}); restore it (git checkout -- data/results)") from None
    return frame


def _stored(name: str) -> Path:
    """The file of a stored study: one's own, where KDTUTOR_DATA has it, before the one that ships."""
    places = [root / "results" / f"{name}.json" for root in data.search_roots()]
    return next((place for place in places if place.is_file()), places[-1])


def paired(frame: "pd.DataFrame", case: str, base: Any, value: str, by: Sequence[str] = ()) -> "pd.DataFrame":
    """Differences to a baseline, paired over seeds.

    For each other value of the column `case` (within each group of the columns `by`): `mean` and `se` of
    value(case) - value(base) over the seeds (se = standard deviation / √n), `wins` the seeds with a positive
    difference, `n` the seeds, and `level`, the mean of the value itself. Raises `ConfigError` if a partner is missing.
    """
    import pandas as pd

    wide = frame.pivot_table(index=[*by, "seed"], columns=case, values=value)
    require(base in wide.columns, f"{base!r} is not a value of {case!r}; there are {', '.join(map(str, wide.columns))}")
    rows = []
    groups = wide.groupby(list(by)) if by else [((), wide)]
    for group, part in groups:
        names = dict(zip(by, group, strict=True))
        for other in part.columns.drop(base):
            require(
                bool(part[[base, other]].notna().all(axis=None)),
                f"{other!r} and {base!r} were not run with the same seeds",
            )
            difference = part[other] - part[base]
            (mean, se), n = mean_and_error(difference), len(difference)
            rows.append(
                {**names, case: other, "level": part[other].mean(), "mean": mean, "se": se if n > 1 else float("nan"),
                 "wins": int((difference > 0).sum()), "n": n}
            )  # fmt: skip
    return pd.DataFrame(rows)


def in_points(differences: "pd.DataFrame") -> "pd.DataFrame":
    """The table of `paired` for a page: accuracies in percent, differences in points as mean ± standard error."""
    table = differences.drop(columns=["level", "mean", "se", "wins", "n"])
    numbers = list(zip(differences["mean"], differences["se"], strict=True))
    return table.assign(
        **{
            "accuracy, %": [f"{100 * level:.1f}" for level in differences["level"]],
            "difference, points": [f"{100 * mean:+.1f} ± {100 * se:.1f}" for mean, se in numbers],
            "seeds won": [f"{wins} of {n}" for wins, n in zip(differences["wins"], differences["n"], strict=True)],
        }
    )


def _timed(study: Study, case: Case, seed: int) -> tuple[list[dict[str, float]], float]:
    before = time.process_time()
    rows = study.run(case, seed)
    return (rows if isinstance(rows, list) else [rows]), round(time.process_time() - before, 1)


def _key(case: Case, seed: int) -> str:
    return json.dumps({**case, "seed": seed}, sort_keys=True, ensure_ascii=False)


def _read_notes(path: Path) -> tuple[dict[str, dict[str, Any]], int]:
    """Finished runs of an interrupted study, and how many lines are damaged or were cut short by a kill."""
    done, damaged = {}, 0
    for line in path.read_bytes().splitlines() if path.exists() else []:
        try:
            note = read_json(line)
            require_sealed(note)
            rows, _ = note["rows"], note["seconds"]
            done[_key(note["case"], note["seed"])] = {**note, "rows": list(rows)}
        except (ValueError, KeyError, TypeError):
            damaged += 1
    return done, damaged
