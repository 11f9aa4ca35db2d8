"""Sets from disk: torchvision's classes, folders of images; absent and damaged files."""

import gzip
import pickle
import subprocess
import sys
import threading
from urllib.error import URLError

import numpy as np
import pytest
import torch
from PIL import Image

from kdtutor import ConfigError, DataError, UnknownName, data, nets
from kdtutor.data.image_folder import FileSplit, image_folder
from kdtutor.train import Judge


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UnknownName, match=r"'cifar1000'.*Did you mean 'cifar100'.*digits"):
        data.load("cifar1000")


def test_an_absent_set_says_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("KDTUTOR_DATA", str(tmp_path / "mine"))
    with pytest.raises(DataError, match=r"cifar100: nothing at .*mine.*download=True"):
        data.load("cifar100")


def test_damaged_cifar_files_are_refused(tmp_path):
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    for name in ("train", "test", "meta"):
        (folder / name).write_bytes(pickle.dumps({"data": 1}))
    with pytest.raises(DataError, match="incomplete or damaged"):
        data.load("cifar100", root=tmp_path)


def test_damaged_mnist_archives_are_refused(tmp_path):
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    with gzip.open(folder / "train-images-idx3-ubyte.gz", "wb") as packed:
        packed.write(b"not the real file")
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte.gz is damaged: its md5"):
        data.load("mnist", root=tmp_path)


def test_half_unpacked_mnist_is_refused(tmp_path):
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    (folder / "train-images-idx3-ubyte").write_bytes(b"\0\0\10\3")
    with pytest.raises(DataError, match="mnist: the files below"):
        data.load("mnist", root=tmp_path)


@pytest.mark.parametrize("name", ["cifar100", "fashion-mnist", "mnist"])
def test_the_real_sets_where_they_are_present(name):
    try:
        real = data.load(name)
    except DataError:
        pytest.skip(f"{name} is not on this machine (KDTUTOR_DATA names the folder)")
    assert len(real.train) in (50_000, 60_000) and len(real.test) == 10_000
    pixels = real.train.images.float().div(255).transpose(0, 1).flatten(1)
    torch.testing.assert_close(pixels.mean(1), torch.tensor(real.mean), atol=1e-3, rtol=0)
    torch.testing.assert_close(pixels.std(1), torch.tensor(real.std), atol=1e-3, rtol=0)


@pytest.fixture
def folder(tmp_path):
    generator = np.random.default_rng(0)
    for part, count in (("train", 6), ("test", 2)):
        for name in ("cat", "dog"):
            (tmp_path / part / name).mkdir(parents=True)
            for i in range(count):
                pixels = generator.integers(0, 255, (20, 14, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(tmp_path / part / name / f"{i}.png")
    return tmp_path


def test_a_folder_of_images_becomes_a_data_set(folder):
    pets = data.load("image-folder", root=folder)
    assert pets.classes == ("cat", "dog") and pets.val is None
    assert pets.train.images.shape == (12, 3, 64, 64) and pets.test.labels.tolist() == [0, 0, 1, 1]


def test_a_large_folder_streams_the_same_batches(folder):
    in_memory = image_folder(folder, size=16)
    streamed = image_folder(folder, size=16, in_memory=0, workers=0)
    assert isinstance(streamed.train, FileSplit)
    pair = [
        list(data.Batches(pets.train, pets, 4, data.Augment(pad=1)).epoch(1, 0, start=1))
        for pets in (in_memory, streamed)
    ]
    assert len(pair[0]) == 2
    for a, b in zip(*pair, strict=True):
        assert torch.equal(a.images, b.images) and torch.equal(a.labels, b.labels)


@pytest.mark.parametrize("workers", [0, 1])
def test_streaming_leaves_the_random_state_alone(folder, workers):
    streamed = image_folder(folder, size=16, in_memory=0, workers=workers)
    before = torch.get_rng_state()
    assert len(list(streamed.train.chunks([torch.arange(4)]))) == 1
    assert torch.equal(torch.get_rng_state(), before)


FLAT = """
import multiprocessing, sys
multiprocessing.set_start_method("spawn")
import kdtutor as kd
pets = kd.data.image_folder(sys.argv[1], size=8, in_memory=0, workers=int(sys.argv[2]))
for batch in kd.data.Batches(pets.train, pets, 6).epoch(0, 0):
    print(tuple(batch.images.shape))
"""


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_flat_script_streams_where_processes_are_spawned(folder, tmp_path, workers):
    (tmp_path / "flat.py").write_text(FLAT)
    done = subprocess.run([sys.executable, tmp_path / "flat.py", folder, workers], capture_output=True, text=True)
    assert (done.stdout, done.stderr, done.returncode) == ("(6, 3, 8, 8)\n" * 2, "", 0)


def test_sizes_and_workers_are_counted(folder):
    with pytest.raises(ConfigError, match="workers=-1: how many threads read images"):
        data.load("image-folder", folder, workers=-1)
    with pytest.raises(ConfigError, match="size=0: an image needs at least one pixel"):
        data.load("image-folder", folder, size=0)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_file_that_is_damaged_later_is_named(folder, workers):
    streamed = image_folder(folder, size=16, in_memory=0, workers=workers)
    (folder / "train" / "dog" / "1.png").write_bytes(b"nonsense")
    with pytest.raises(DataError, match=r"^[^\n]*1.png cannot be read as an image[^\n]*$"):
        list(streamed.train.chunks(torch.arange(12).split(3)))


def test_no_thread_is_left_of_an_epoch_that_ends_early(folder):
    def readers() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name.startswith("kdtutor-images")]

    chunks = image_folder(folder, size=16, in_memory=0, workers=2).train.chunks(torch.arange(12).split(1))
    assert next(chunks).shape == (1, 3, 16, 16) and readers()
    chunks.close()
    assert not readers()


def test_what_streams_is_not_for_generators(folder):
    streamed = image_folder(folder, size=16, in_memory=0, workers=0)
    with pytest.raises(DataError, match="streams its images from disk; for generators"):
        data.for_generators(streamed, 16)
    judge = Judge(nets.build("resnet8x0.25", classes=2))
    with pytest.raises(DataError, match="streams its images from disk; a judge"):
        judge.quality(torch.zeros(4, 3, 16, 16), streamed.test, streamed)


def test_points_are_not_shifted():
    moons = data.load("moons")
    with pytest.raises(ConfigError, match="moons holds points"):
        data.Batches(moons.train, moons, 4, data.Augment(pad=1))


def test_a_download_that_fails_is_no_damage(tmp_path, monkeypatch):
    def offline(*_, **__):
        raise URLError("no network")

    monkeypatch.setattr("torchvision.datasets.CIFAR10", offline)
    with pytest.raises(DataError, match=r"cifar10: it could not be downloaded .*no network"):
        data.load("cifar10", root=tmp_path, download=True)


def test_a_streamed_folder_can_be_made_scarce(folder):
    scarce = image_folder(folder, size=16, in_memory=0, workers=0).few_labels(2)
    assert len(next(data.Batches(scarce.train, scarce, 4).epoch(0, 0))) == 4


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda root: [path.unlink() for path in (root / "train").rglob("*.png")], "no image file"),
        (lambda root: (root / "train" / "cat" / "0.png").write_bytes(b"nonsense"), "cannot be read as an image"),
        (lambda root: (root / "test" / "cat").rename(root / "test" / "cow"), "'cow'"),
        (lambda root: (root / "test").rename(root / "elsewhere"), "neither val/ nor test/"),
        (lambda root: (root / "train").rename(root / "elsewhere"), "is not a folder"),
    ],
)  # fmt: skip
def test_a_broken_folder_is_named(folder, damage, sentence):
    damage(folder)
    with pytest.raises(DataError, match=sentence):
        data.load("image-folder", root=folder)


def test_tiny_imagenet_in_its_authors_layout(tmp_path):
    base = tmp_path / "tiny-imagenet-200"
    image = Image.fromarray(np.zeros((64, 64, 3), np.uint8))
    for name in ("n01", "n02"):
        (base / "train" / name / "images").mkdir(parents=True)
        image.save(base / "train" / name / "images" / f"{name}_0.JPEG")
    (base / "val" / "images").mkdir(parents=True)
    image.save(base / "val" / "images" / "val_0.JPEG")
    (base / "val" / "val_annotations.txt").write_text("val_0.JPEG\tn02\t0\t0\t1\t1\n")
    tiny = data.load("tiny-imagenet", root=tmp_path)
    assert tiny.classes == ("n01", "n02") and tiny.test.labels.tolist() == [1] and len(tiny.train) == 2
    with pytest.raises(DataError, match="tiny-imagenet: no folder"):
        data.load("tiny-imagenet", root=tmp_path / "nowhere")


def test_a_damaged_digits_file_is_refused(tmp_path):
    shipped = data.root() / "digits"
    (tmp_path / "card.json").write_bytes((shipped / "card.json").read_bytes())
    stored = bytearray((shipped / "digits.npz").read_bytes())
    stored[1000] ^= 1
    (tmp_path / "digits.npz").write_bytes(stored)
    with pytest.raises(DataError, match="is damaged: its sha256"):
        data.digits.digits(tmp_path)


@pytest.fixture
def unchecked(monkeypatch):
    """torchvision's readers without its checksums: the files of these tests are small imitations."""
    import torchvision.datasets as sets

    for cls in (sets.CIFAR10, sets.SVHN, sets.Omniglot):
        monkeypatch.setattr(cls, "_check_integrity", lambda self: True, raising=False)
    monkeypatch.setattr(sets.cifar, "check_integrity", lambda path, md5: True)


@pytest.mark.usefixtures("unchecked")
def test_cifar_files_are_read_as_images_and_labels(tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (2, 3 * 32 * 32), dtype=np.uint8)
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        (folder / name).write_bytes(pickle.dumps({"data": pixels, "labels": [3, 9]}))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": list("abcdefghij")}))
    cifar = data.load("cifar10", root=tmp_path)
    assert cifar.train.images.shape == (10, 3, 32, 32) and cifar.test.labels.tolist() == [3, 9]
    assert cifar.classes == tuple("abcdefghij")
    assert cifar.test.images[1].flatten().tolist() == pixels[1].tolist()


@pytest.mark.usefixtures("unchecked")
def test_svhn_files_are_read_as_images_and_labels(tmp_path):
    from scipy.io import savemat

    pixels = np.random.default_rng(0).integers(0, 255, (32, 32, 3, 4), dtype=np.uint8)
    for part in ("train", "test"):
        savemat(tmp_path / f"{part}_32x32.mat", {"X": pixels, "y": np.array([[1], [2], [10], [9]])})
    svhn = data.load("svhn", root=tmp_path)
    assert svhn.train.images.shape == (4, 3, 32, 32)
    assert svhn.train.labels.tolist() == [1, 2, 0, 9]  # the files call the zero 10
    assert torch.equal(svhn.train.images[2], torch.from_numpy(pixels[..., 2]).permute(2, 0, 1))


@pytest.mark.usefixtures("unchecked")
def test_omniglot_drawings_are_read_with_bright_ink(tmp_path):
    drawing = np.full((105, 105), 255, np.uint8)
    drawing[30:60, 40:50] = 0
    for part, characters in (("images_background", 3), ("images_evaluation", 2)):
        for k in range(characters):
            folder = tmp_path / "omniglot-py" / part / "Alphabet" / f"character{k + 1:02d}"
            folder.mkdir(parents=True)
            Image.fromarray(drawing).save(folder / f"{k:04d}_01.png")
    omniglot = data.load("omniglot", root=tmp_path)
    assert omniglot.train.images.shape == (3, 1, 28, 28) and omniglot.test.labels.tolist() == [0, 1]
    assert omniglot.train.images.float().mean() < 60 and omniglot.train.images.max() > 200
