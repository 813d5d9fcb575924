"""Finding the command, and turning errors into exit codes."""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import dartian_cli
from dartian_cli import app
from dartian_cli.errors import Conflict
from dartian_cli.helping import without_bounds
from dartian_queue.errors import StoreBusy
from tests.cli.typing_at import clean, dartian
from tests.scene import Scene

COMMANDS_FOLDER = Path(dartian_cli.__file__).parent / "commands"


def module_of(command: str) -> ModuleType:
    return import_module(f"dartian_cli.commands.{command.replace(':', '_')}")


def test_the_list_of_commands_is_that_of_the_files() -> None:
    files = {path.stem for path in COMMANDS_FOLDER.glob("*.py")} - {"__init__"}
    assert {name.replace(":", "_") for name in app.COMMANDS} == files


@pytest.mark.parametrize("command", app.COMMANDS)
def test_each_command_says_the_same_in_the_list_and_in_its_help(command: str, tmp_path: Path) -> None:
    module = module_of(command)
    function = getattr(module, command.replace(":", "_"))
    assert function.__doc__.splitlines()[0] == app.COMMANDS[command]
    text = dartian(tmp_path, command, "--help", env={"COLUMNS": "80"}).out
    assert f"Usage: dartian {command}" in text
    assert app.COMMANDS[command] in text
    assert module.EXAMPLES
    for example in module.EXAMPLES:
        assert f"\n  {example}\n" in text
        assert example.startswith(f"dartian {command}")
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "\x1b" not in text


@pytest.mark.parametrize("command", app.COMMANDS)
def test_no_help_says_what_only_programmers_read(command: str, tmp_path: Path) -> None:
    text = dartian(tmp_path, command, "--help", env={"COLUMNS": "80"}).out
    assert not re.search(r"x[<>]=?|<\w+>|\[\]", text)
    assert "{" not in text.partition("\n")[0]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("How many.  [default: 20; 1<=x<=1000000]", "How many.  [default: 20]"),
        ("How many.  [x>=0]", "How many."),
        ("How many.  [0<x<256; required]", "How many.  [required]"),
        ("As a[x]: 3,10.  [required]", "As a[x]: 3,10.  [required]"),
    ],
)
def test_bounds_of_numbers_are_left_out(said: str, shown: str) -> None:
    assert without_bounds(said) == shown


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",), ("help",)])
def test_alone_it_lists_the_commands_by_group(arguments: tuple[str, ...], tmp_path: Path) -> None:
    lines = dartian(tmp_path, *arguments).out.splitlines()
    shown = [line.split()[0] for line in lines if line.startswith("  ")]
    assert shown == list(app.COMMANDS)
    assert [line for line in lines if line in ("job", "make", "queue", "stub")] == ["job", "make", "queue", "stub"]
    assert all(len(line) <= 80 for line in lines)


def test_the_words_may_stand_apart(tmp_path: Path) -> None:
    assert "Usage: dartian make:job" in dartian(tmp_path, "make", "job", "--help").out
    assert "Usage: dartian make:job" in dartian(tmp_path, "help", "make:job").out
    assert "Usage: dartian make:job" in dartian(tmp_path, "--help", "make", "job").out


def test_version(tmp_path: Path) -> None:
    from dartian_queue import __version__

    assert dartian(tmp_path, "--version").out == f"dartian {__version__}\n"


ALL = "\n  To see all commands: dartian\n"
HOW = "\n  To see how it is used: dartian"


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("queue:wrok", f"there is no command 'queue:wrok'; did you mean 'queue:work'?{ALL}"),
        ("queue:flash", f"there is no command 'queue:flash'; did you mean 'queue:flush'?{ALL}"),
        ("queue:listen", f"there is no command 'queue:listen'{ALL}"),
        ("queu:work", f"there is no command 'queu:work'; did you mean 'queue:work'?{ALL}"),
        ("\x1b[31mred", f"there is no command '\\x1b[31mred'{ALL}"),
        ("--versoin", f"there is no option '--versoin'{ALL}"),
        ("stub wrok", "'stub' is the beginning of a command\n  It goes on as one of: stub:publish\n"),
        ("queue:work --zzz 3", f"queue:work has no option '--zzz'{HOW} queue:work --help\n"),
        ("make:job X --tires 3", f"make:job has no option '--tires'; did you mean '--tries'?{HOW} make:job --help\n"),
        ("make:job X --tries x", f"--tries takes a whole number, not 'x'{HOW} make:job --help\n"),
        ("queue:failed --limit 0", f"--limit takes a number from 1 to 1000000, not 0{HOW} queue:failed --help\n"),
        ("queue:failed --limit x", f"--limit takes a whole number, not 'x'{HOW} queue:failed --help\n"),
        ("queue:prune --hours x", f"--hours takes a number, not 'x'{HOW} queue:prune --help\n"),
        ("queue:work --isolates 257", f"--isolates takes a number from 0 to 256, not 257{HOW} queue:work --help\n"),
        (
            "job:run Greet --name=Ada",
            f"job:run has no option '--name'\n  A field is given without dashes: name=...{HOW} job:run --help\n",
        ),
        ("queue:retry", f"missing argument 'ID...|all'{HOW} queue:retry --help\n"),
    ],
)
def test_wrong_usage_is_exit_2_and_says_what_to_type(typed: str, message: str, tmp_path: Path) -> None:
    answer = dartian(tmp_path, *typed.split(), code=2)
    assert answer.err == f"error: {message}"
    assert answer.out == ""


def bogus(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Add a command that raises."""
    module = ModuleType("dartian_cli.commands.bogus")

    def command() -> None:
        raise error

    module.bogus = command  # type: ignore[attr-defined]
    module.EXAMPLES = ("dartian bogus",)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(app.COMMANDS, "bogus", "Raise.")


@pytest.mark.parametrize(
    ("error", "code", "first"),
    [
        (Conflict("it exists"), 5, "error: it exists"),
        (StoreBusy("it is locked"), 4, "error: it is locked"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_errors_have_their_exit_codes(
    error: BaseException, code: int, first: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bogus(monkeypatch, error)
    assert app.run(["bogus"]) == code
    assert capsys.readouterr().err.partition("\n")[0] == first


def test_an_error_that_nobody_expected_is_called_a_bug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bogus(monkeypatch, RuntimeError("what?\x1b[2J"))
    assert app.run(["bogus"]) == 1
    err = capsys.readouterr().err
    assert "error: RuntimeError: what?\\x1b[2J at test_app.py:" in err
    assert "this is a bug of Dartian's" in err
    assert "dartian bogus -v" in err
    assert "Traceback" not in err


def test_a_traceback_is_shown_with_v_only(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    bogus(monkeypatch, Conflict("it exists"))
    for arguments in (["-v", "bogus"], ["bogus", "--verbose"]):
        assert app.run(arguments) == 5
        assert "Traceback" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_error(shop: Scene) -> None:
    command = f"{sys.executable} -m dartian_cli job:list | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=shop.root, env=clean(), capture_output=True, text=True, timeout=30
    )
    assert (done.stdout, done.stderr) == ("0\n", "")


@pytest.mark.parametrize("arguments", [(), ("queue:work", "--help"), ("new", "shop"), ("about",)])
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_standard_stream_may_be_closed(arguments: tuple[str, ...], closed: str, tmp_path: Path) -> None:
    done = in_shell(tmp_path, arguments, closed)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [(), ("queue:work", "--help"), ("new", "shop"), ("about", "--json")])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_cannot_be_written_is_said(arguments: tuple[str, ...], unbuffered: str, tmp_path: Path) -> None:
    done = in_shell(tmp_path, arguments, "> /dev/full", unbuffered)
    assert done.returncode == 1
    assert done.stderr.startswith("error: standard output cannot be written: No space left on device\n")
    assert len(done.stderr.splitlines()) == 2


def in_shell(
    root: Path, arguments: tuple[str, ...], redirection: str, unbuffered: str = ""
) -> subprocess.CompletedProcess[str]:
    command = f'exec "$0" -m dartian_cli "$@" {redirection}'
    environment = clean({"PYTHONUNBUFFERED": unbuffered})
    line = ["/bin/sh", "-c", command, sys.executable, *arguments]
    return subprocess.run(line, cwd=root, env=environment, capture_output=True, text=True, timeout=30, check=False)
