"""The wheel that a user installs: what is in it, and that it works outside of this repository, on each Python."""

import os
import re
import shutil
import site
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import msgspec
import pytest

import dartian_queue
from tests.cli.typing_at import clean
from tests.faults.instruments import FULL

ROOT = Path(__file__).parents[2]
PYTHONS = ("3.11", "3.12", "3.13")
PATIENCE = 300.0


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel once."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


class Installed:
    """A virtual environment with the wheel in it, and a folder that no repository is around."""

    def __init__(self, folder: Path, python: str | Path, *options: str) -> None:
        self.folder = folder
        self.bin = folder / "venv" / "bin"
        run(python, "-m", "venv", *options, folder / "venv", cwd=folder)

    def dartian(self, line: str, root: Path | None = None, **env: str) -> str:
        """Run the command that the wheel installed, found on PATH alone, and return what it says."""
        path = f"{env.pop('BIN', self.bin)}{os.pathsep}/usr/bin{os.pathsep}/bin"
        return run("dartian", *line.split(), cwd=root or self.folder, PATH=path, HOME=str(self.folder), **env)


def run(*command: str | Path, cwd: Path, **env: str) -> str:
    """Run a command that has to succeed, with nothing of this repository to be found, and return what it says."""
    environment = {name: value for name, value in clean().items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")} | env
    found = shutil.which(str(command[0]), path=environment["PATH"])
    assert found, f"there is no {command[0]}"
    done = subprocess.run(
        [found, *command[1:]], cwd=cwd, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def named(version: str) -> str:
    """Return the Python of that version; the test is skipped where there is none."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    candidates = (sys.executable, f"python{version}", *map(str, versions.glob(f"{version}.*/bin/python")))
    for python in filter(shutil.which, candidates):
        asked = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        if subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() == version:
            return python
    pytest.skip(f"there is no Python {version} here")


def files_of(package: str) -> Iterator[str]:
    """Yield the files of a package in this repository, as the wheel names them."""
    for path in (ROOT / package).rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            yield path.relative_to(ROOT).as_posix()


def use_for_work(installed: Installed, name: str, **env: str) -> None:
    """Go the way of a first hour: an application, a job, and a worker that runs it."""
    place = run(installed.bin / "python", "-c", "import dartian_cli; print(dartian_cli.__file__)", cwd=installed.folder)
    assert place.startswith(str(installed.folder))
    about = msgspec.json.decode(installed.dartian("about --json", **env))
    assert about["dartian"] == dartian_queue.__version__
    assert f"({installed.bin}/python" in about["python"]
    assert (about["root"], about["configuration"]) == (str(installed.folder), "none: the defaults hold")
    installed.dartian(f"new {name}", **env)
    shop = installed.folder / name
    installed.dartian("make:job Greet name:str", shop, **env)
    installed.dartian("job:dispatch Greet name=Ada", shop, **env)
    assert "done      Greet" in installed.dartian("queue:work --stop-when-empty --plain", shop, **env)
    about = msgspec.json.decode(installed.dartian("about --json", shop, **env))
    assert (about["jobs"], about["isolates"], about["root"]) == (1, "forked", str(shop))
    assert "complete -F" in installed.dartian("completion bash", **env)


# What is in it


def test_it_holds_the_two_packages_with_the_stubs_and_what_pip_asks_for(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert not [name for name in names if name.endswith(".pyc")]
    described = {name for name in names if name.startswith(f"dartian-{dartian_queue.__version__}.dist-info/")}
    stubs = {f"dartian_cli/{name}" for name in files_of("templates")}
    assert names - described == {*files_of("dartian_cli"), *files_of("dartian_queue"), *stubs}
    assert {name.partition("/")[2] for name in described} == {
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        "licenses/LICENSE",
    }


def test_it_asks_for_what_it_imports_and_no_more(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (path,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        metadata = message_from_bytes(archive.read(path))
    assert metadata["Requires-Python"] == ">=3.11"
    needed = {re.split("[<>=]", line)[0] for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line}
    assert needed == {"jinja2", "libcst", "msgspec", "python-dotenv", "rich", "typer"}


# That it works


def test_it_works_away_from_the_repository(wheel: Path, tmp_path: Path) -> None:
    """Dartian is the wheel's; what it needs is what these tests run with, so that nothing has to be fetched."""
    installed = Installed(tmp_path, sys.executable, "--without-pip")
    (packages,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    run(sys.executable, "-m", "pip", "--python", installed.bin / "python", "install", "--no-deps", wheel, cwd=tmp_path)
    (packages / "needed.pth").write_text("\n".join(site.getsitepackages()))
    use_for_work(installed, "shop")


@pytest.mark.skipif(not FULL, reason="fetches what Dartian needs: DARTIAN_FAULTS=full")
@pytest.mark.parametrize("version", PYTHONS)
def test_it_works_as_pip_installs_it_and_as_pipx_does(version: str, wheel: Path, tmp_path: Path) -> None:
    """pipx makes an environment that nobody activates, and puts a link to its one command on PATH."""
    installed = Installed(tmp_path, named(version))
    run(installed.bin / "python", "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)
    use_for_work(installed, "by-pip")
    links = tmp_path / "links"
    links.mkdir()
    (links / "dartian").symlink_to(installed.bin / "dartian")
    use_for_work(installed, "by-pipx", BIN=str(links))
