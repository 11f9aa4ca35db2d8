"""The experiments of the lesson on DeiT: a transformer of little data, what it learns from, and where its teacher's
answers go in.

Every run has EPOCHS times STEPS steps of 64 images, all with labels unless the case says how many, and shifts of up to
two pixels. The learning rate of each `Trial` is the best on validation images with other seeds (study deit_tuning):
that of the convolutional net, which learns by SGD, of the transformer alone and of all that are taught, by AdamW.
"""

from dataclasses import replace

import torch

from ... import nets
from ...data import Augment, Data
from ...nets import Net
from ...nets.rollout import token_similarity
from ...nets.vit import ViT
from ...papers.deit import Deit, How, Token
from ...settings import find_teacher
from ...train import Alone, Distiller, Recipe, predict, seed_everything
from ...train.evaluation import shown
from . import common
from .common import MINUTE, TUNING_SEEDS, filled, last, minute_of, suffix, train
from .runner import Case, Study, stored_results
from .sets import CLOTHES, Row, Trial, best, grid

EPOCHS, STEPS = 8, 75
PLAIN, DISTILLED, CNN = "vit7", "deit7", "resnet8"
DECAY = 0.05  # of the weights: DeiT, table 9
MIXUP = 0.8  # likewise
FEW = 35  # labels a class, where a method is of few labels: a tenth
RATES = grid(lr=(1e-3, 3e-3, 6e-3))


def _cases(*methods: str) -> tuple[Case, ...]:
    return tuple({"method": method} for method in methods)


TRIALS = (
    Trial(_cases("cnn", "cnn, few labels"), grid(lr=(0.05, 0.1, 0.2))),
    Trial(
        _cases("alone", "alone, few labels", "alone, twice the steps", "alone, mixup", "alone, two tokens",
               "alone, no positions"),
        RATES,
    ),
    Trial(
        _cases("hard", "soft", "hard, token", "soft, token", "hard, token, vit teacher", "hard, token, few labels"),
        RATES,
    ),
)  # fmt: skip
"""Cases that share a rate, and the rates that are tried on the first of them."""


def student(seed: int, name: str) -> Net:
    """A new student; equal seeds, equal first weights of equal nets."""
    seed_everything(seed)
    return nets.build(name, classes=10, channels=1, stem_stride=2 if name == CNN else None)


def blind(net: Net) -> Net:
    """A transformer that is not told where a patch was: to it an image is a bag of patches, and stays one."""
    assert isinstance(net, ViT)
    with torch.no_grad():
        net.positions.zero_().requires_grad_(False)
    return net


def recipe(method: str, lr: float) -> Recipe:
    """How the weights of a method's student move."""
    if method.startswith("cnn"):
        return common.recipe(lr, STEPS)
    return Recipe(
        lr=lr, optimiser="adamw", weight_decay=DECAY, augment=Augment(pad=2),
        steps_per_epoch=2 * STEPS if "twice" in method else STEPS, mixup=MIXUP if "mixup" in method else 0.0,
    )  # fmt: skip


def prepare(case: Case, seed: int) -> tuple[Distiller, Data]:
    """Who learns, and from what: from the labelled images alone, or with a teacher from all of them."""
    method, minute = str(case["method"]), minute_of(case.get("data", MINUTE.data_name))
    few = minute.data().few_labels(FEW, seed=seed) if "few labels" in method else minute.data()
    if method.startswith(("cnn", "alone")):
        name = CNN if method.startswith("cnn") else DISTILLED if "two tokens" in method else PLAIN
        net = student(seed, name)
        return Alone(blind(net) if "no positions" in method else net), filled(few.labelled_only())
    how: How = "soft" if method.startswith("soft") else "hard"
    on_token = "token" in method
    teacher = find_teacher(f"{minute.data_name}-{PLAIN}") if "vit teacher" in method else minute.teacher()
    token: Token = "distillation" if on_token else "class"
    return Deit(student(seed, DISTILLED if on_token else PLAIN), teacher, how, token), few


def learn(case: Case, seed: int) -> Row:
    """One student: its accuracy, that of each head, and how often it decides otherwise than the two nets that teach."""
    distiller, data = prepare(case, seed)
    return {**trained(distiller, data, case, seed), **looked_at(distiller.student, data)}


def trained(distiller: Distiller, data: Data, case: Case, seed: int) -> dict[str, float]:
    """A run at the rate of its case: accuracy after the last epoch."""
    return last(train(distiller, data, EPOCHS, recipe(str(case["method"]), case["lr"]), seed))


def looked_at(net: Net, data: Data) -> Row:
    """What a student does on the test images: the share on which it decides otherwise than the convolutional teacher
    and than the transformer that teaches; of two heads the accuracy of each and the same, and how alike they end."""
    others = {"cnn": minute_of(data.name).teacher(), "vit": find_teacher(f"{data.name}-{PLAIN}")}
    told = {name: predict(other, data.test, data).argmax(1) for name, other in others.items()}
    answers = {"": predict(net, data.test, data).argmax(1)}
    found: Row = {}
    if isinstance(net, ViT) and net.distilled:
        with torch.no_grad():
            images = data.normalise(data.test.images[:500])
            found["cosine first"], *_, found["cosine last"] = token_similarity(net, images).tolist()
        embeddings = shown(net, lambda x: net.trace(x).embedding, data.test, data)
        heads = (", class head", ", teacher's head")
        answers |= {name: z.argmax(1) for name, z in zip(heads, net.heads(embeddings), strict=True)}
        found |= {f"test{head}": share(answers[head], data.test.labels) for head in list(answers)[1:]}
    return found | {f"unlike {name}{head}": 1 - share(a, told[name]) for name in told for head, a in answers.items()}


def share(answers: torch.Tensor, labels: torch.Tensor) -> float:
    """The share of answers that are the label, to four digits."""
    return round((answers == labels).float().mean().item(), 4)


def tune(case: Case, seed: int) -> Row:
    """The validation accuracy at the rate of a case."""
    return {"val": trained(*prepare(case, seed), case, seed)["val"]}


def trials(data: str) -> tuple[Trial, ...]:
    """`TRIALS` on a set; of another one than the digits every case says which."""
    if data == MINUTE.data_name:
        return TRIALS
    return tuple(replace(trial, cases=tuple({"data": data, **case} for case in trial.cases)) for trial in TRIALS)


def tuned(case: Case, seed: int) -> Row:
    """A run at the rate that was best for its trial, on its set."""
    data = case.get("data", MINUTE.data_name)
    tuning = stored_results(f"deit{suffix(data)}_tuning")
    setting = best(tuning, next(trial for trial in trials(data) if case in trial.cases))
    return {**setting, **learn({**case, **setting}, seed)}


def tuning(data: str, question: str) -> Study:
    """Every rate of every trial on a set, tried on its first case."""
    cases = tuple({**trial.cases[0], **setting} for trial in trials(data) for setting in trial.settings)
    return Study(f"deit{suffix(data)}_tuning", question, cases, tune, TUNING_SEEDS)


RIVALS = _cases("alone", "hard, token", "cnn", "hard, token, vit teacher")
FEW_LABELS = _cases("alone, few labels", "hard, token, few labels", "cnn, few labels")
CONTROLS = _cases(
    "alone, twice the steps", "alone, mixup", "alone, no positions", "alone, two tokens", "hard", "soft", "soft, token"
)  # fmt: skip

STUDIES = (
    tuning("digits", "Which learning rate is best on validation digits?"),
    Study(
        "deit_rivals",
        "A transformer on 3,500 digits: what does a teacher bring, and does it matter which net it is?",
        RIVALS,
        tuned,
    ),
    Study("deit_few", "The same with a tenth of the labels.", FEW_LABELS, tuned),
    Study("deit_controls", "Would a transformer alone do as well with more of something else?", CONTROLS, tuned),
    tuning(CLOTHES, "Which settings are best on validation clothes for each method of deit_clothes?"),
    Study(
        "deit_clothes",
        "Does it hold on clothes?",
        tuple({"data": CLOTHES, **case} for case in _cases("cnn", "alone", "hard, token")),
        tuned,
    ),
)
