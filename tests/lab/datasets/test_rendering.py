# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin scenes`: its output, its files, and how it continues an interrupted run."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from grin_ros.cli import main as grin
from grin_ros.core.geometry.camera import Camera
from grin_ros.lab.datasets import rendering as generate
from grin_ros.lab.datasets.shards import ShardDataset, ShardWriter
from grin_ros.worlds.registry import WORLDS


@pytest.fixture(autouse=True)
def no_assets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRIN_ASSETS", raising=False)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty folder, that is, one without furniture and textures."""
    return tmp_path_factory.mktemp("bare")


@pytest.fixture(scope="module")
def rendered(opengl: None, tmp_path_factory: pytest.TempPathFactory, bare: Path) -> Path:
    """Render five procedural frames in shards of two. Tests share the folder and must not change it."""
    del opengl
    out = tmp_path_factory.mktemp("rendered")
    assert generate.generate(out, 5, seed=6, shard_size=2, workers=2, furniture=bare) == 5
    return out


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.npy"))}


@pytest.mark.egl
@pytest.mark.usefixtures("opengl")
def test_the_command_renders_and_lists_the_assets(
    tmp_path: Path, bare: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    out, sheet = tmp_path / "rooms", tmp_path / "sheets" / "sheet.png"
    caplog.set_level(logging.INFO)
    flags = ["--out", str(out), "--frames", "3", "--shard-size", "2", "--seed", "6", "--workers", "1"]
    assert grin(["scenes", *flags, "--furniture", str(bare), "--sheet", str(sheet)]) == 0
    printed = capsys.readouterr().out
    assert "uses procedural only" in printed
    assert "3 frames in" in printed and "frames/s with 1 workers" in printed
    assert f"{out} holds 3 frames, see {sheet}" in printed
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    for missing in ("furniture is procedural bodies only", "textures are procedural only"):
        assert sum(missing in warning for warning in warnings) == 1
    index = json.loads((out / "index.json").read_text())
    assert (index["assets"], index["licence"], index["seed"]) == (["procedural only"], "Rendered by grin_ros", 6)
    assert index["worlds"] == [world.name for world in WORLDS]
    assert [shard["count"] for shard in index["shards"]] == [2, 1]
    picture = cv2.imread(str(sheet))
    assert picture is not None and picture.shape == (3 * generate.HEIGHT // 2, 6 * generate.WIDTH, 3)
    filled = 3 * (3 * generate.WIDTH // 4)
    assert picture[:, :filled].std() > 10 and not picture[:, filled:].any()


@pytest.mark.egl
def test_the_shard_holds_the_frame_that_was_rendered(rendered: Path) -> None:
    dataset = ShardDataset(rendered)
    assert len(dataset) == 5 and len({dataset.sample(i).image.tobytes() for i in range(5)}) == 5
    assert [dataset.origin(i) for i in range(3)] == [(6_000_000_000, 0), (6_000_000_000, 1), (6_000_100_000, 0)]
    sample = dataset.sample(1)
    assert (sample.camera.width, sample.camera.height) == (generate.WIDTH, generate.HEIGHT)
    assert isinstance(sample.camera, Camera) and sample.camera.mounting is not None
    assert 0.05 < sample.camera.mounting.height_m < 3.4
    assert np.isfinite(sample.range_m).mean() > 0.7 and sample.range_m.min() > 0


@pytest.mark.egl
def test_an_interrupted_data_set_resumes_to_the_same_bytes(rendered: Path, bare: Path, tmp_path: Path) -> None:
    out = tmp_path / "rooms"
    shutil.copytree(rendered, out)
    index = json.loads((out / "index.json").read_text())
    kept = [shard for shard in index["shards"] if shard["name"] == "shard-00001"]
    (out / "index.json").write_text(json.dumps({**index, "shards": kept}))
    (out / "shard-00002.range.npy").unlink()
    (out / "shard-00000.image.npy").write_bytes(b"cut off")
    assert generate.generate(out, 5, seed=6, shard_size=2, workers=1, furniture=bare) == 3
    assert contents(out) == contents(rendered)
    assert generate.generate(out, 5, seed=6, shard_size=2, workers=1, furniture=bare) == 0


@pytest.mark.egl
def test_a_short_last_shard_grows(rendered: Path, bare: Path, tmp_path: Path) -> None:
    out = tmp_path / "rooms"
    shutil.copytree(rendered, out)
    assert generate.generate(out, 6, seed=6, shard_size=2, workers=1, furniture=bare) == 1
    before, after = ShardDataset(rendered), ShardDataset(out)
    assert len(after) == 6
    assert [after.origin(i) for i in range(5)] == [before.origin(i) for i in range(5)]
    assert after.sample(4).image.tobytes() == before.sample(4).image.tobytes()


@pytest.mark.egl
@pytest.mark.parametrize(("seed", "textures", "message"), [(7, False, "seed=6, expected 7"), (6, True, "got licence=")])
def test_a_data_set_of_another_seed_or_other_assets_is_refused(
    rendered: Path, bare: Path, tmp_path: Path, seed: int, textures: bool, message: str
) -> None:
    tile = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    (tmp_path / "textures_mine" / "Wood").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "textures_mine" / "Wood" / "oak.png"), tile)
    with pytest.raises(ValueError, match=f"{message}.*choose another folder"):
        generate.generate(rendered, 6, seed, 2, 1, tmp_path if textures else None, bare)


@pytest.mark.egl
def test_worlds_can_be_chosen(tmp_path: Path, bare: Path) -> None:
    flags = ["--frames", "2", "--seed", "6", "--workers", "1", "--furniture", str(bare), "--worlds", "room"]
    assert generate.main(["--out", str(tmp_path), *flags]) == 0
    dataset = ShardDataset(tmp_path)
    assert [dataset.world(i) for i in range(2)] == ["room", "room"]
    if len(WORLDS) > 1:
        with pytest.raises(ValueError, match=r"got worlds=\['room'\].*choose another folder"):
            generate.generate(tmp_path, 3, 6, 2, 1, None, bare)


def test_the_contact_sheet_shows_sky_grey_and_unmeasured_pixels_black(tmp_path: Path) -> None:
    range_m = np.full((1, 24, 32), 3.0)
    range_m[:, :8], range_m[:, -8:] = np.inf, np.nan
    writer = ShardWriter(tmp_path, 32, 24, "CC0")
    image = np.full((1, 24, 32, 3), 200, np.uint8)
    writer.write("s0", image, range_m, [Camera(32, 24, 30.0, 30.0, 15.5, 11.5)], np.zeros((1, 3), np.int64))
    generate.contact_sheet(ShardDataset(tmp_path), tmp_path / "sheet.png", columns=1)
    picture = cv2.imread(str(tmp_path / "sheet.png"))
    assert picture is not None and picture.shape == (36, 24, 3)
    assert (picture[20, 12] == 128).all() and not picture[-2, 12].any() and np.ptp(picture[27, 12]) > 50


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--frames", "0"], "frames: got 0, expected 1 or more"),
        (["--frames", "9", "--workers", "0"], "workers: got 0"),
        (["--frames", "9", "--seed", "-1"], "seed: got -1"),
        (["--frames", "20001", "--shard-size", "2"], "frames: got 20001, expected at most 20000"),
        (["--frames", "9", "--worlds", "room,moon"], "worlds: got 'moon', expected some of room"),
        (["--frames", "9", "--assets", "no/such/folder"], "assets: got no/such/folder, expected a folder"),
    ],
)
def test_a_wrong_call_is_refused_with_the_reason(
    tmp_path: Path, bare: Path, flags: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate.main(["--out", str(tmp_path / "rooms"), "--furniture", str(bare), *flags]) == 2
    assert f"grin scenes: {message}" in capsys.readouterr().err
    assert not (tmp_path / "rooms").exists()


@pytest.mark.parametrize("name", ["sheet", "sheet.txt", "."])
def test_a_sheet_that_is_no_picture_is_refused_before_anything_is_rendered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        generate.main(["--out", str(tmp_path / "rooms"), "--frames", "1", "--sheet", str(tmp_path / name)])
    assert "expected the name of a picture; give a name that ends in .png" in capsys.readouterr().err
    assert not (tmp_path / "rooms").exists()


def test_help_explains_assets(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit):
        grin(["scenes", "--help"])
    printed = capsys.readouterr().out
    assert printed.startswith("usage: grin scenes ")
    for word in ("GRIN_ASSETS", "sweethome3d-furniture", "textures_mine/WoodFloor/oak.jpg", "--sheet"):
        assert word in printed


def test_the_environment_names_the_assets_folder(
    tmp_path: Path, bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRIN_ASSETS", str(tmp_path / "absent"))
    assert generate.main(["--out", str(tmp_path / "rooms"), "--frames", "1", "--furniture", str(bare)]) == 2
    assert f"assets: got {tmp_path / 'absent'}" in capsys.readouterr().err
