from dataclasses import replace

import kdtutor as kd

minute = kd.preset("minute")
few, recipe = minute.data().few_labels(20, seed=0), replace(minute.recipe, lr=0.2, steps_per_epoch=25)
guide = minute.teacher()
for name in ("resnet8", "resnet8x0.25"):  # first the assistant, then its student
    method = kd.papers.hinton.Hinton(kd.nets.build(name, classes=10, channels=1, stem_stride=2), guide)
    history = kd.fit(method, few, 4, recipe=recipe, device="cpu", progress=False)
    guide = method.student
    print(f"{name:13} {history.last('test_accuracy'):.0%}")
