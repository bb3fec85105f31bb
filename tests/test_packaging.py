# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""An installation by pip or colcon holds one version, the right dependencies, and every file read at run time."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import Parser
from pathlib import Path
from xml.etree import ElementTree

import pytest

import grin_ros
from grin_ros.ros.frame.topics import INPUTS, OUTPUTS

ROOT = Path(__file__).resolve().parent.parent
PACKAGED = ("grin_ros", "launch", "config", "resource", "setup.py", "setup.cfg", "pyproject.toml", "package.xml")
COPIED = (*PACKAGED, "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The wheel that pip builds of a copy of the tree, so that the tree itself stays clean."""
    folder = tmp_path_factory.mktemp("wheel")
    tree = folder / "tree"
    tree.mkdir()
    for name in COPIED:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif path.is_file():
            shutil.copy(path, tree / name)
    script = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)], check=False, capture_output=True, text=True, cwd=tree, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    with zipfile.ZipFile(folder / done.stdout.splitlines()[-1]) as built:
        yield built


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    name = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return Parser().parsestr(wheel.read(name).decode())


def test_the_environment_script_takes_the_versions_of_python_that_setup_py_names(metadata: Message) -> None:
    named = [text.rpartition(" ")[2] for text in metadata.get_all("Classifier", []) if ":: Python :: 3." in text]
    minors = [int(version.removeprefix("3.")) for version in named]
    assert minors == list(range(10, 15))
    for minor, accepted in ((minors[0] - 1, False), (minors[0], True), (minors[-1], True), (minors[-1] + 1, False)):
        # `python` that says it is 3.minor to the first question, and then only prints what it would run.
        fake = f"""import sys; print("would run", *sys.argv[1:]) if not sys.argv[1:] or sys.argv[1] != "-c" else (
            exec(sys.argv[2].replace("sys.version_info[:2]", "(3, {minor})")))"""
        with tempfile.TemporaryDirectory() as folder:
            python = Path(folder) / "python"
            python.write_text(f"#!{sys.executable}\n{fake}\n", encoding="utf-8")
            python.chmod(0o755)
            environment = {**os.environ, "PYTHON": str(python)}
            command = ["sh", str(ROOT / "scripts" / "environment.sh"), "demo"]
            done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=60)
        assert ("would run" in done.stdout) == accepted, f"3.{minor}: {done.stdout}{done.stderr}"


def manifest() -> ElementTree.Element:
    return ElementTree.parse(ROOT / "package.xml").getroot()


def test_one_version_everywhere(metadata: Message) -> None:
    assert metadata["Version"] == grin_ros.__version__ == manifest().findtext("version")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## {grin_ros.__version__}" in changelog


def test_the_wheel_holds_what_is_read_at_run_time(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    # Read from inside the package: models with their weights, the training mean depth map of the baselines.
    inside = [path for path in (ROOT / "grin_ros").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    missing = {path.relative_to(ROOT).as_posix() for path in inside} - names
    assert not missing, f"not in the wheel: {sorted(missing)}; see package_data in setup.py"


def test_the_wheel_holds_what_ros_reads(wheel: zipfile.ZipFile) -> None:
    data = f"grin_ros-{grin_ros.__version__}.data/data/"
    shared = {name.removeprefix(data) for name in wheel.namelist() if name.startswith(data)}
    assert {"share/ament_index/resource_index/packages/grin_ros", "share/grin_ros/package.xml"} <= shared
    for top in ("launch", "config"):
        files = [path for path in (ROOT / top).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        assert files
        assert {f"share/grin_ros/{path.relative_to(ROOT).as_posix()}" for path in files} <= shared


def test_the_wheel_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert tops == {"grin_ros", *(f"grin_ros-{grin_ros.__version__}.{kind}" for kind in ("data", "dist-info"))}


def test_commands(wheel: zipfile.ZipFile) -> None:
    name = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    scripts = configparser.ConfigParser()
    scripts.read_string(wheel.read(name).decode())
    assert dict(scripts["console_scripts"]) == {
        "grin": "grin_ros.cli:main",
        "grin_node": "grin_ros.ros.programs:grin_node",
        "grin_multi_camera": "grin_ros.ros.programs:grin_multi_camera",
    }


def test_run_time_needs_no_torch_and_no_ros(metadata: Message) -> None:
    requires = metadata.get_all("Requires-Dist") or []
    always = {re.split(r"[^A-Za-z0-9_.-]", item)[0].lower() for item in requires if "extra ==" not in item}
    assert always == {"numpy", "opencv-python-headless", "onnxruntime", "pyyaml", "tqdm"}
    assert all("<" in item or "==" in item for item in requires), "a requirement without an upper bound"
    demo = [item for item in requires if re.search(r"extra == .(demo|bags|ros-wheels).", item)]
    assert demo
    assert not any(item.startswith("torch") for item in demo)
    assert metadata["Requires-Python"] == ">=3.10"


def test_the_oldest_onnx_runtime_that_is_allowed_reads_the_shipped_graphs(metadata: Message) -> None:
    onnx = pytest.importorskip("onnx")
    newest_ir = {"1.18": 10, "1.19": 10, "1.20": 10}  # its page on versioning says so; 1.17 reads 9 and older
    (oldest,) = re.findall(r"^onnxruntime.*>=([0-9.]+)", "\n".join(metadata.get_all("Requires-Dist", [])), re.MULTILINE)
    for graph in (ROOT / "grin_ros" / "artifacts").rglob("*.onnx"):
        assert onnx.load(graph, load_external_data=False).ir_version <= newest_ir[oldest], graph.name


def test_package_xml_is_one_that_colcon_accepts() -> None:
    root = manifest()
    assert root.get("format") == "3"
    assert root.findtext("name") == "grin_ros"
    assert root.findtext("export/build_type") == "ament_python"
    assert [item.text for item in root.findall("license")] == ["Apache-2.0"]
    # colcon takes a package with another address for plain Python, without a word.
    emails = [item.get("email") or "" for item in root.findall("maintainer")]
    assert emails
    accepted = re.compile(r"[-a-zA-Z0-9_%+]+(\.[-a-zA-Z0-9_%+]+)*@[-a-zA-Z0-9]+(\.[-a-zA-Z0-9]+)+")
    assert all(accepted.fullmatch(email) for email in emails)


def test_package_xml_names_every_ros_package_that_is_imported_or_on_a_topic() -> None:
    depends = {item.text for item in manifest() if item.tag.endswith("depend")}
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "grin_ros" / "ros").rglob("*.py"))
    pattern = r"^\s*(?:from|import) (rclpy|cv_bridge|ament_index_python|\w+_msgs|\w+_interfaces)\b"
    imported = set(re.findall(pattern, source, re.MULTILINE))
    assert {"rclpy", "sensor_msgs"} <= imported
    on_topics = {topic.type.partition("/")[0] for topic in (*INPUTS.values(), *OUTPUTS.values())}
    assert {"nav_msgs", "sensor_msgs"} <= on_topics
    assert imported | on_topics <= depends
    assert {"launch", "launch_ros", "python3-numpy", "python3-opencv", "python3-onnxruntime-pip"} <= depends


def test_ros_finds_the_executables() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    assert config["develop"]["script_dir"] == config["install"]["install_scripts"] == "$base/lib/grin_ros"
    assert (ROOT / "resource" / "grin_ros").is_file()


def test_setup_runs_through_a_link(tmp_path: Path) -> None:
    """`colcon build --symlink-install` runs it in a folder with links to it and to the packages, and little else."""
    for name in ("setup.py", "setup.cfg", "grin_ros"):
        (tmp_path / name).symlink_to(ROOT / name)
    command = [sys.executable, "setup.py", "--version"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split()[-1] == grin_ros.__version__


def test_the_licence_is_apache() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
