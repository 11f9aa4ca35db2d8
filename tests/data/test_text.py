"""The book that ships, texts of one's own, and windows of them."""

import pytest
import torch

import kdtutor as kd
from kdtutor import ConfigError, DataError, ShapeError
from kdtutor.data.text import LANGUAGE_MODELLING, UNLABELLED, Windows, card, decode, encode, text, windows


@pytest.fixture(scope="module")
def alice():
    return text("alice", context=64)


def test_the_book_is_whole_and_its_parts_follow_one_another(alice):
    assert len(alice.classes) == 72 and list(alice.classes) == card()["characters"]
    starts = alice.train.images[::64]
    assert decode(starts[:1].flatten(), alice.classes).startswith("ALICE'S ADVENTURES IN WONDERLAND\n")
    held_out = decode(alice.test.images.flatten(), alice.classes)
    assert len(held_out) == 231 * 64 and "golden scale!'" not in held_out and "tarts" in held_out
    assert "evidence" in held_out and len(alice.train) == 126191 - 64


def test_what_comes_next_is_one_place_further(alice):
    for split in alice.splits().values():
        assert torch.equal(split.images[:50, 1:], split.labels[:50, :-1])
    assert torch.equal(alice.train.images[1], alice.train.labels[0])  # train begins at every place
    assert torch.equal(alice.test.labels[0, -1], alice.test.images[1, 0])  # test windows follow one another


def test_windows_take_no_memory_of_their_own(alice):
    assert alice.train.images.untyped_storage().nbytes() < 160_000  # bytes of the whole book


def test_encoding_and_back():
    characters = tuple(" adlot")
    assert decode(encode("a total load", characters), characters) == "a total load"
    with pytest.raises(ConfigError, match=r"the character \['Z'\] is none of"):
        encode("Zoo", characters)


def test_a_text_of_ones_own(tmp_path):
    book = tmp_path / "mine.txt"
    book.write_text("ünïcode, too. " * 30, encoding="utf-8")
    mine = text(book, context=8)
    assert mine.name == "mine" and "ü" in mine.classes and mine.train.images.shape[1] == 8
    for content, told in (
        ("short", "windows of 64 need a longer text"),
        ("".join(map(chr, range(300, 600))) * 9, "300"),
    ):
        book.write_text(content, encoding="utf-8")
        with pytest.raises(ConfigError, match=told):
            text(book)
    book.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="no text in UTF-8"):
        text(book)
    with pytest.raises(DataError, match="cannot be read"):
        text(tmp_path / "nowhere.txt")
    with pytest.raises(ConfigError, match="context=0"):
        text(context=0)


def test_a_batch_is_a_function_of_seed_epoch_and_step(alice):
    source = Windows(alice.train, 4, steps=3)
    first, again = (list(source.epoch(1, 0)) for _ in range(2))
    assert all(torch.equal(a.images, b.images) for a, b in zip(first, again, strict=True))
    assert torch.equal(next(source.epoch(1, 0, start=2)).images, first[2].images)
    assert not torch.equal(next(source.epoch(2, 0)).images, first[0].images)
    assert torch.equal(first[0].images, alice.train.images[first[0].indices]) and first[0].images.dtype == torch.int64
    assert Windows(alice.train, 64).steps == 126127 // (64 * 64)
    with pytest.raises(ConfigError, match="batch size 0"):
        Windows(alice.train, 0)


def test_the_loss_and_the_measures_count_known_places_alone():
    z = torch.tensor([[[2.0, 0.0], [0.0, 0.0], [0.0, 2.0]]]).log_softmax(-1)
    labels = torch.tensor([[0, UNLABELLED, 0]])
    expected = -(z[0, 0, 0] + z[0, 2, 0]) / 2
    torch.testing.assert_close(LANGUAGE_MODELLING.loss(z, labels), expected)
    told = LANGUAGE_MODELLING.measures(z, labels)
    assert told["accuracy"] == 0.5 and told["bits"] == pytest.approx(expected.item() / 0.693147, rel=1e-5)
    assert LANGUAGE_MODELLING.labelled(torch.tensor([[UNLABELLED, 1], [UNLABELLED, UNLABELLED]])).tolist() == [
        True,
        False,
    ]


def test_labels_must_be_whole_numbers_of_known_characters():
    with pytest.raises(ShapeError, match=r"expected whole numbers \(N, L\)"):
        kd.data.Split(torch.zeros(2, 3).long(), torch.zeros(2, 3), task=LANGUAGE_MODELLING)
    split = windows(torch.tensor([0, 1, 5, 1]), context=2)
    with pytest.raises(ConfigError, match="the character 5; with 2 characters"):
        kd.data.Data("few", split, None, split, ("a", "b"), (), ())


def test_images_nets_and_texts_do_not_mix(alice):
    net = kd.nets.build("mlp8", classes=72)
    for method in (kd.Alone(net), kd.papers.get("KD")(net, kd.nets.build("mlp8", classes=72))):
        with pytest.raises(ConfigError, match="text is for language models"):
            kd.fit(method, alice, 1, progress=False)
