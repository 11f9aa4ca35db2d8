"""The choice of a set is stored when it is made, and only where no variable names one."""

import kdtutor as kd
from kdtutor.settings.chosen import CHOICE, chosen_set
from kdtutor.widgets.choice import SetChooser


def alphas(chooser: SetChooser) -> dict[str, set[float]]:
    return {name: {image.get_alpha() for image in images} for name, images in chooser._shown.items()}


def test_a_choice_is_stored_and_said(monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KDTUTOR_SET")
    chooser = SetChooser()
    assert not CHOICE.exists() and "run on the <b>digits</b>" in chooser.text.value
    chooser.controls["set"].value = "fashion"  # as on the page
    assert chosen_set() == kd.preset("minute").data_name == "fashion"
    assert "run on the <b>clothes</b>" in chooser.text.value and "Restart Kernel" in chooser.text.value
    shown = alphas(chooser)
    assert shown["fashion"] == {1.0} and max(shown["digits"]) < 0.5
    assert SetChooser().settings == {"set": "fashion"}


def test_where_the_variable_names_a_set_nothing_is_stored(monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    chooser = SetChooser().set(set="fashion")  # the tests name the digits, as nbval does
    assert not CHOICE.exists() and "Lessons run on the digits, whatever is chosen here" in chooser.text.value


def test_it_shows_an_image_of_every_class_of_each_set() -> None:
    chooser = SetChooser()
    for name in kd.data.SHIPPED:
        data = kd.data.load(name)
        for k, image in enumerate(chooser._shown[name]):
            first = data.train.images[int((data.train.labels == k).nonzero()[0]), 0]
            assert (image.get_array() == first.numpy()).all() and image.axes.get_title() == data.classes[k]
