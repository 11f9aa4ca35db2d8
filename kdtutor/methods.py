"""Every method of the course and the paper it comes from: the one list that everything else is derived from.

Free of torch, so that a command's help is quick. A row's name is the name of its files in every layer: papers, figures,
widgets, exercises, studies, tests and the notebook. A new method is one more row in `ROWS`, and `kdtutor new-method`
writes it together with the files.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache

from .errors import UnknownName
from .row import CVPR, DATA, ECCV, ICCV, ICLR, NETS, NEURIPS, PREPRINT, WHAT, WHERE, Method, Paper, key_of

__all__ = [
    "ALONE", "MAKERS", "ROWS", "RUNNABLE", "Method", "find", "known", "matched", "named", "names", "taught",
]  # fmt: skip

_FITNETS = Paper(
    "romero2015fitnets", "FitNets: Hints for Thin Deep Nets",
    "Adriana Romero, Nicolas Ballas, Samira Ebrahimi Kahou, Antoine Chassang, Carlo Gatta, Yoshua Bengio",
    ICLR, 2015, "1412.6550",
)  # fmt: skip
_DFAD = Paper(
    "fang2019datafree", "Data-Free Adversarial Distillation",
    "Gongfan Fang, Jie Song, Chengchao Shen, Xinchao Wang, Da Chen, Mingli Song",
    PREPRINT, 2019, "1912.11006",
)  # fmt: skip

ROWS: tuple[Method, ...] = (
    Method(
        "hinton", "KD", "hinton:Hinton",
        Paper(
            "hinton2014distilling", "Distilling the Knowledge in a Neural Network",
            "Geoffrey Hinton, Oriol Vinyals, Jeff Dean", "NIPS Deep Learning Workshop", 2014, "1503.02531",
        ),
        lesson=1, title="Soft targets",
    ),
    Method(
        "fitnets", "FitNets", "fitnets:FitNets", _FITNETS,
        aliases=("fitnet",), lesson=2, title="Hints, and attention maps",
    ),
    Method("hint", "Hint", "fitnets:Hint", _FITNETS, lesson=2),
    Method(
        "attention", "AT", "attention:Attention",
        Paper(
            "zagoruyko2017paying",
            "Paying More Attention to Attention: Improving the Performance of Convolutional Neural Networks via "
            "Attention Transfer", "Sergey Zagoruyko, Nikos Komodakis", ICLR, 2017, "1612.03928",
        ),
        aliases=("attention-transfer",), lesson=2,
    ),
    Method(
        "fsp", "FSP", "fsp:FSP",
        Paper(
            "yim2017gift",
            "A Gift from Knowledge Distillation: Fast Optimization, Network Minimization and Transfer Learning",
            "Junho Yim, Donggyu Joo, Jihoon Bae, Junmo Kim",
            "IEEE Conference on Computer Vision and Pattern Recognition", 2017, doi="10.1109/CVPR.2017.754",
        ),
        lesson=3, title="The flow between two layers",
    ),
    Method(
        "boundaries", "AB", "boundaries:ActivationBoundaries",
        Paper(
            "heo2019knowledge", "Knowledge Transfer via Distillation of Activation Boundaries Formed by Hidden Neurons",
            "Byeongho Heo, Minsik Lee, Sangdoo Yun, Jin Young Choi",
            "AAAI Conference on Artificial Intelligence", 2019, "1811.03233",
        ),
        lesson=6, title="The boundaries of hidden neurons",
    ),
    Method(
        "overhaul", "OFD", "overhaul:Overhaul",
        Paper(
            "heo2019comprehensive", "A Comprehensive Overhaul of Feature Distillation",
            "Byeongho Heo, Jeesoo Kim, Sangdoo Yun, Hyojin Park, Nojun Kwak, Jin Young Choi", ICCV, 2019, "1904.01866",
        ),
        lesson=5, title="Four design choices, one at a time",
    ),
    Method(
        "matching", "MGD", "matching:MatchingGuided",
        Paper(
            "yue2020matching", "Matching Guided Distillation", "Kaiyu Yue, Jiangfan Deng, Feng Zhou",
            ECCV, 2020, "2008.09958",
        ),
        lesson=4, title="Channels that pair off",
    ),
    Method(
        "relational", "RKD", "relational:Relational",
        Paper(
            "park2019relational", "Relational Knowledge Distillation", "Wonpyo Park, Dongju Kim, Yan Lu, Minsu Cho",
            CVPR, 2019, "1904.05068",
        ),
        lesson=11, title="Structure instead of points",
    ),
    Method(
        "similarity", "SP", "similarity:Similarity",
        Paper(
            "tung2019similarity", "Similarity-Preserving Knowledge Distillation", "Frederick Tung, Greg Mori",
            ICCV, 2019, "1907.09682",
        ),
    ),
    Method(
        "variational", "VID", "variational:Variational",
        Paper(
            "ahn2019variational", "Variational Information Distillation for Knowledge Transfer",
            "Sungsoo Ahn, Shell Xu Hu, Andreas Damianou, Neil D. Lawrence, Zhenwen Dai", CVPR, 2019, "1904.05835",
        ),
    ),
    Method(
        "probabilistic", "PKT", "probabilistic:Probabilistic",
        Paper(
            "passalis2018learning", "Learning Deep Representations with Probabilistic Knowledge Transfer",
            "Nikolaos Passalis, Anastasios Tefas", ECCV, 2018, "1803.10837",
        ),
    ),
    Method(
        "selectivity", "NST", "selectivity:Selectivity",
        Paper(
            "huang2017like", "Like What You Like: Knowledge Distill via Neuron Selectivity Transfer",
            "Zehao Huang, Naiyan Wang", PREPRINT, 2017, "1707.01219",
        ),
    ),
    Method(
        "correlation", "CC", "correlation:Correlation",
        Paper(
            "peng2019correlation", "Correlation Congruence for Knowledge Distillation",
            "Baoyun Peng, Xiao Jin, Jiaheng Liu, Dongsheng Li, Yichao Wu, Yu Liu, Shunfeng Zhou, Zhaoning Zhang",
            ICCV, 2019, "1904.01802", "10.1109/ICCV.2019.00511",
        ),
    ),
    Method(
        "factor", "FT", "factor:Factor",
        Paper(
            "kim2018paraphrasing", "Paraphrasing Complex Network: Network Compression via Factor Transfer",
            "Jangho Kim, SeongUk Park, Nojun Kwak", NEURIPS, 2018, "1802.04977",
        ),
    ),
    Method(
        "contrastive", "CRD", "contrastive:Contrastive",
        Paper(
            "tian2020contrastive", "Contrastive Representation Distillation",
            "Yonglong Tian, Dilip Krishnan, Phillip Isola", ICLR, 2020, "1910.10699",
        ),
    ),
    Method("logits", "", "logits:Logits", _DFAD, lesson=9),
    Method(
        "decoupled", "DKD", "decoupled:Decoupled",
        Paper(
            "zhao2022decoupled", "Decoupled Knowledge Distillation",
            "Borui Zhao, Quan Cui, Renjie Song, Yiyu Qiu, Jiajun Liang", CVPR, 2022, "2203.08679",
        ),
    ),
    Method(
        "binary", "MLD", "binary:Binary",
        Paper(
            "yang2023multi", "Multi-Label Knowledge Distillation",
            "Penghui Yang, Ming-Kun Xie, Chen-Chen Zong, Lei Feng, Gang Niu, Masashi Sugiyama, Sheng-Jun Huang",
            ICCV, 2023, "2308.06453",
        ),
    ),
    Method(
        "bounded", "TBR", "bounded:Bounded",
        Paper(
            "chen2017learning", "Learning Efficient Object Detection Models with Knowledge Distillation",
            "Guobin Chen, Wongun Choi, Xiang Yu, Tony Han, Manmohan Chandraker", NEURIPS, 2017,
        ),
    ),
    Method(
        "channelwise", "CWD", "channelwise:Channelwise",
        Paper(
            "shu2021channelwise", "Channel-wise Knowledge Distillation for Dense Prediction",
            "Changyong Shu, Yifan Liu, Jianfei Gao, Zheng Yan, Chunhua Shen", ICCV, 2021, "2011.13256",
        ),
    ),
    Method(
        "spot_adaptive", "SAKD", "spot_adaptive:SpotAdaptive",
        Paper(
            "song2022spot", "Spot-adaptive Knowledge Distillation", "Jie Song, Ying Chen, Jingwen Ye, Mingli Song",
            "IEEE Transactions on Image Processing", 2022, "2205.02399", "10.1109/TIP.2022.3170728",
        ),
        WHERE, lesson=12, title="Where to distil, sample by sample",
    ),
    Method(
        "adversarial", "DFAD", "adversarial:Adversarial", _DFAD,
        DATA, lesson=9, title="No data: a generator that looks for disagreement",
    ),
    Method(
        "data_free", "DAFL", "data_free:DataFree",
        Paper(
            "chen2019data", "Data-Free Learning of Student Networks",
            "Hanting Chen, Yunhe Wang, Chang Xu, Zhaohui Yang, Chuanjian Liu, Boxin Shi, Chunjing Xu, Chao Xu, Qi Tian",
            ICCV, 2019, "1904.01186",
        ),
        DATA, lesson=10, title="No data: the teacher as a fixed discriminator",
    ),
    Method(
        "gan", "GAN-KD", "gan:Distil",
        Paper(
            "aguinaldo2019compressing", "Compressing GANs using Knowledge Distillation",
            "Angeline Aguinaldo, Ping-Yeh Chiang, Alex Gain, Ameya Patil, Kolten Pearson, Soheil Feizi",
            PREPRINT, 2019, "1902.00159",
        ),
        NETS, lesson=7, title="A small generator taught by a large one",
    ),
    Method(
        "ghost", "GhostNet", "ghost:GhostModule",
        Paper(
            "han2020ghostnet", "GhostNet: More Features from Cheap Operations",
            "Kai Han, Yunhe Wang, Qi Tian, Jianyuan Guo, Chunjing Xu, Chang Xu", CVPR, 2020, "1911.11907",
        ),
        NETS, lesson=8, title="Cheap feature maps",
    ),
)  # fmt: skip
"""Every method. The first of several rows that share a paper gives that paper's file its name."""
MAKERS = tuple(row for row in ROWS if row.question == DATA)
"""The methods whose generator makes the images."""
ALONE = "alone"
"""The student without a method: a row of many tables, but none of `ROWS`."""


def names() -> tuple[str, ...]:
    """The names of `matched`."""
    return tuple(row.name for row in matched())


@cache
def matched() -> tuple[Method, ...]:
    """The rows that say *what* is matched: those that `kdtutor.papers.METHODS` holds."""
    return tuple(row for row in ROWS if row.question == WHAT)


RUNNABLE = (*matched(), *MAKERS)
"""What `kdtutor distil` takes."""


def taught() -> tuple[Method, ...]:
    """The rows after which a lesson is named, in the order of the lessons."""
    return tuple(sorted((row for row in ROWS if row.title), key=lambda row: row.lesson or 0))


def find(name: str, rows: Iterable[Method] = ROWS, instead: str | None = None) -> Method:
    """The row that `name` means: a name, an acronym, an alias or a class, in any case, with - or _ or a space.

    Raises `UnknownName` otherwise, with the nearest name, or with all of them where none is near, each beside its
    acronym; or it says `instead` which there are.
    """
    rows = tuple(rows)
    wanted = key_of(str(name))
    found = next((row for row in rows if wanted in row.keys), None)
    if found is not None:
        return found
    by_key = {key: row for row in reversed(rows) for key in row.keys}
    near = get_close_matches(wanted, by_key, n=1)
    listed = instead or (f"Choose from: {', '.join(row.label for row in rows)}." if not near else "")
    hint = f"Did you mean {by_key[near[0]].quoted}?" if near else ""
    raise UnknownName(" ".join(filter(None, (f"{name!r} is not a known method.", hint, listed))))


def named(method: str) -> str:
    """The name of a method that says what is matched, given its name, acronym, alias or class; `ALONE` is its own.

    Raises `UnknownName` with the nearest name and acronym for any other.
    """
    return method if method == ALONE else find(method, matched()).name


def known(name: str, rows: Iterable[Method] = ROWS) -> bool:
    """Whether `find` would find a row."""
    return any(key_of(name) in row.keys for row in rows)
