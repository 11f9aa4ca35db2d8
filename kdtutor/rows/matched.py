"""The methods that say what is matched, and the papers they come from."""

from ..row import CVPR, ECCV, ICCV, ICLR, NEURIPS, PREPRINT, Method, Paper
from .others import DFAD

_FITNETS = Paper(
    "romero2015fitnets", "FitNets: Hints for Thin Deep Nets",
    "Adriana Romero, Nicolas Ballas, Samira Ebrahimi Kahou, Antoine Chassang, Carlo Gatta, Yoshua Bengio",
    ICLR, 2015, "1412.6550",
)  # fmt: skip

MATCHED: tuple[Method, ...] = (
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
        lesson=16, title="Contrast, and what the divergence hides",
    ),
    Method("logits", "", "logits:Logits", DFAD, lesson=9),
    Method(
        "decoupled", "DKD", "decoupled:Decoupled",
        Paper(
            "zhao2022decoupled", "Decoupled Knowledge Distillation",
            "Borui Zhao, Quan Cui, Renjie Song, Yiyu Qiu, Jiajun Liang", CVPR, 2022, "2203.08679",
        ),
        lesson=16,
    ),
    Method(
        "stronger", "DIST", "stronger:Stronger",
        Paper(
            "huang2022knowledge", "Knowledge Distillation from A Stronger Teacher",
            "Tao Huang, Shan You, Fei Wang, Chen Qian, Chang Xu", NEURIPS, 2022, "2205.10536",
        ),
        lesson=16,
    ),
    Method(
        "standardized", "LSKD", "standardized:Standardized",
        Paper(
            "sun2024logit", "Logit Standardization in Knowledge Distillation",
            "Shangquan Sun, Wenqi Ren, Jingzhi Li, Rui Wang, Xiaochun Cao", CVPR, 2024, "2403.01427",
        ),
        lesson=16,
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
)  # fmt: skip
"""Every row that says what is matched."""
