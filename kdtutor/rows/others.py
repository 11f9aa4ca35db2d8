"""The methods that say where, on what data, and between which networks, and the papers they come from."""

from ..row import CVPR, DATA, ICCV, ICLR, ICML, NETS, PREPRINT, WHERE, Method, Paper

DFAD = Paper(
    "fang2019datafree", "Data-Free Adversarial Distillation",
    "Gongfan Fang, Jie Song, Chengchao Shen, Xinchao Wang, Da Chen, Mingli Song",
    PREPRINT, 2019, "1912.11006",
)  # fmt: skip

OTHERS: tuple[Method, ...] = (
    Method(
        "mutual", "DML", "mutual:Mutual",
        Paper(
            "zhang2018deep",
            "Deep Mutual Learning",
            "Ying Zhang, Tao Xiang, Timothy M. Hospedales, Huchuan Lu",
            CVPR, 2018, "1706.00384",
        ),
        NETS, lesson=13, title="Learning together",
    ),
    Method(
        "born_again", "BAN", "born_again:BornAgain",
        Paper(
            "furlanello2018bornagain",
            "Born Again Neural Networks",
            "Tommaso Furlanello, Zachary C. Lipton, Michael Tschannen, Laurent Itti, Anima Anandkumar",
            ICML, 2018, "1805.04770",
        ),
        NETS, lesson=14, title="One's own teacher",
    ),
    Method(
        "own_teacher", "BYOT", "own_teacher:OwnTeacher",
        Paper(
            "zhang2019your",
            "Be Your Own Teacher: Improve the Performance of Convolutional Neural Networks via Self Distillation",
            "Linfeng Zhang, Jiebo Song, Anni Gao, Jingwei Chen, Chenglong Bao, Kaisheng Ma",
            ICCV, 2019, "1905.08094",
        ),
        NETS, lesson=14,
    ),
    Method(
        "amalgamation", "KA", "amalgamation:Amalgamation",
        Paper(
            "shen2019amalgamating",
            "Amalgamating Knowledge towards Comprehensive Classification",
            "Chengchao Shen, Xinchao Wang, Jie Song, Li Sun, Mingli Song",
            "AAAI Conference on Artificial Intelligence", 2019, "1811.02796",
        ),
        NETS, lesson=15, title="Several teachers into one",
    ),
    Method(
        "common_features", "CFL", "common_features:CommonFeatures",
        Paper(
            "luo2019knowledge",
            "Knowledge Amalgamation from Heterogeneous Networks by Common Feature Learning",
            "Sihui Luo, Xinchao Wang, Gongfan Fang, Yao Hu, Dapeng Tao, Mingli Song",
            "International Joint Conference on Artificial Intelligence", 2019, "1906.10546",
        ),
        NETS, lesson=15,
    ),
    Method(
        "sequence", "SeqKD", "sequence:Sequence",
        Paper(
            "kim2016sequencelevel",
            "Sequence-Level Knowledge Distillation",
            "Yoon Kim, Alexander M. Rush",
            "Conference on Empirical Methods in Natural Language Processing", 2016, "1606.07947",
        ),
        DATA, lesson=17, title="Language models",
    ),
    Method(
        "on_policy", "GKD", "on_policy:OnPolicy",
        Paper(
            "agarwal2024onpolicy",
            "On-Policy Distillation of Language Models: Learning from Self-Generated Mistakes",
            "Rishabh Agarwal, Nino Vieillard, Yongchao Zhou, Piotr Stanczyk, Sabela Ramos, Matthieu Geist, "
            "Olivier Bachem",
            ICLR, 2024, "2306.13649",
        ),
        DATA, lesson=17,
    ),
    Method(
        "minillm", "", "minillm:MiniLLM",
        Paper(
            "gu2024minillm", "MiniLLM: Knowledge Distillation of Large Language Models",
            "Yuxian Gu, Li Dong, Furu Wei, Minlie Huang", ICLR, 2024, "2306.08543",
        ),
        DATA, lesson=17,
    ),
    Method(
        "deit", "DeiT", "deit:Deit",
        Paper(
            "touvron2021training",
            "Training Data-Efficient Image Transformers & Distillation through Attention",
            "Hugo Touvron, Matthieu Cord, Matthijs Douze, Francisco Massa, Alexandre Sablayrolles, Hervé Jégou",
            ICML, 2021, "2012.12877",
        ),
        NETS, lesson=18, title="Transformers as students",
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
        "adversarial", "DFAD", "adversarial:Adversarial", DFAD,
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
"""Every row whose question is not what is matched."""
