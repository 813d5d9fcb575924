"""What Tab completes: asked as a shell asks it, and typed into a real bash, and into zsh and fish where they are."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dartian_cli.app import COMMANDS
from dartian_cli.completion.job_fields import job_fields
from dartian_cli.completion.job_names import job_names
from dartian_cli.completion.line import read_line
from dartian_queue.envelope import Envelope
from tests.cli.typing_at import Terminal, dartian
from tests.scene import Scene

SCRIPTS = Path(__file__).parents[2] / "dartian_cli" / "completion"
HELLO = """
class Hello(Job, name="mail.hello"):
    '''Say hello.

    Twice.'''

    def handle(self) -> None: ...


class Quietly(Hello): ...


class Half(Job):
    name: str


class Colour(enum.Enum):
    RED = 1


def make():
    class Within(Job):
        def handle(self): ...
"""
FIELDS = """
class First(Job):
    a: int
    kinds: ClassVar[list[str]] = []

    def handle(self) -> None: ...


class Both(First):
    b: str | None = None


class Own(Both):
    def __init__(self, c, *, d: bytes = b""):
        self.c, self.d = c, d


class Loop(Around):
    e: int

    def handle(self) -> None: ...


class Around(Loop): ...
"""
UNCHECKED = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "--interactive"],
}
"""How each shell is started, without what its user has set up."""
INSTALLED = {
    "bash": 'eval "$(dartian completion bash)"',
    "zsh": 'autoload -U compinit; compinit -u -D; eval "$(dartian completion zsh)"',
    "fish": "dartian completion fish | source",
}
"""How each is told of the completion, as its script says."""
TYPED = [
    ("dartian queue:w\t", "dartian queue:work "),
    ("dartian queue:ret\t7f\t", "dartian queue:retry 7f2e "),
    ("dartian 'queue:w\t", "dartian 'queue:work' "),
    ("true && FOO=1 dartian queue:pause med\t", "FOO=1 dartian queue:pause media "),
    ("dartian job:dispatch Gr\t--qu\tmed\t", "dartian job:dispatch Greet --queue media "),
    ("dartian queue:work --queue=me\t", "dartian queue:work --queue=media "),
    ("dartian job:run Greet name=led\t", "dartian job:run Greet name=ledger"),
    ("dartian job:run Greet na\tled\t", "dartian job:run Greet name=ledger"),
    ("dartian make j\t", "dartian make job "),
]
"""What is typed, and how the line then begins to end."""


@pytest.fixture
def store(shop: Scene) -> Scene:
    """A job that waits and one that was cancelled, on the queue ``media``."""
    shop.store.add([Envelope("7f2e", "Break", "{}", queue="media"), Envelope("81aa", "Break", "{}", queue="media")])
    shop.store.cancel(["7f2e"])
    return shop


def offered(root: Path, *words: str, env: dict[str, str] | None = None, code: int = 0) -> list[str]:
    """Return what dartian offers for the last word, and check that it says nothing else."""
    answer = dartian(root, "--complete", "fish", *words, env=env, code=code)
    assert answer.err == ""
    return [line.partition("\t")[0] for line in answer.out.splitlines()]


class Shell(Terminal):
    """A shell that knows the completion, in the folder of an application."""

    def __init__(self, root: Path, name: str) -> None:
        super().__init__(
            root,
            rows=40,
            program=(str(shutil.which(UNCHECKED[name][0])), *UNCHECKED[name][1:]),
            PATH=f"{Path(sys.executable).parent}:/usr/bin:/bin",
            HOME=str(root),
            QUEUE_COMPANION="0",
        )
        self.run(INSTALLED[name])

    def run(self, line: str) -> None:
        """Type a line, and wait for what it says when it is through."""
        self.type(f"{line}; echo '(thr''ough)'\r")
        self.wait_for("(through)")

    def complete(self, keys: str, expected: str) -> None:
        """Type, and wait for the line that is expected."""
        for pressed in keys.split("\t")[:-1]:
            self.type(f"{pressed}\t")
            self.read(0.3)
        self.wait_for(expected.rstrip())
        self.type("\x15")
        self.run("clear")


# In the shells


@pytest.mark.parametrize("name", UNCHECKED)
def test_a_real_shell_completes(name: str, store: Scene) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    shell = Shell(store.root, name)
    try:
        store.ledger.touch()
        for keys, expected in TYPED:
            shell.complete(keys, expected)
    finally:
        shell.close()


@pytest.mark.parametrize("name", UNCHECKED)
def test_a_shell_understands_its_script(name: str, tmp_path: Path) -> None:
    script = dartian(tmp_path, "completion", name).out
    assert script == (SCRIPTS / f"dartian.{name}").read_text()
    assert f"--complete {name} " in script
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed, so nothing here can parse its script")
    subprocess.run([name, "-n", SCRIPTS / f"dartian.{name}"], check=True)


def test_a_shell_that_has_none_is_refused(tmp_path: Path) -> None:
    assert dartian(tmp_path, "completion", "tcsh", code=2).err == (
        "error: there is no completion for 'tcsh', only for bash, zsh and fish\n"
        '  For example, in ~/.bashrc: eval "$(dartian completion bash)"\n'
    )


# What is offered


def test_commands_and_their_halves(tmp_path: Path) -> None:
    assert offered(tmp_path, "") == list(COMMANDS)
    assert offered(tmp_path, "queue:f") == ["queue:failed", "queue:flush", "queue:forget"]
    assert offered(tmp_path, "queue", "f") == ["failed", "flush", "forget"]
    assert offered(tmp_path, "help", "make") == ["make:job"]
    assert offered(tmp_path, "-v", "make", "") == ["job"]
    assert offered(tmp_path, "--") == ["--help", "--version"]
    assert offered(tmp_path, "nonsense", "") == []
    assert offered(tmp_path, "help", "make:job", "") == []


def test_each_shell_has_its_own_form(tmp_path: Path) -> None:
    asked = {"fish": ["queue:w"], "zsh": ["queue:w"], "bash": ["dartian queue:w", " :="]}
    told = {shell: dartian(tmp_path, "--complete", shell, *words).out for shell, words in asked.items()}
    assert told == {
        "fish": "queue:work\tRun the jobs that wait, until stopped.\n",
        "zsh": "queue\\:work:Run the jobs that wait, until stopped.\n",
        "bash": "work\n",
    }


def test_options_that_were_not_given_yet(tmp_path: Path) -> None:
    every = ["--queue", "--name", "--connection", "--json", "--help"]
    assert offered(tmp_path, "queue:retry", "--") == every
    assert offered(tmp_path, "queue:retry", "all", "--queue", "media", "--json", "--") == every[1:3] + every[4:]
    assert offered(tmp_path, "queue", "retry", "--n") == ["--name"]
    assert offered(tmp_path, "queue:retry", "--", "--n") == []


def test_jobs_of_the_source_and_nothing_is_imported(shop: Scene) -> None:
    shop.write("app/jobs/podcasts/publish.py", "import nowhere\n\nclass Publish(Job):\n    def handle(self): ...\n")
    shop.write("app/jobs/broken.py", "class Broken(Job:\n")
    names = ["Break", "Greet", "Noisy", "Slow", "podcasts.Publish"]
    commands = ("job:run", "job:dispatch", "job:rename", "job:remove", "job:show", "job:field", "queue:failed --name")
    for words in map(str.split, commands):
        assert offered(shop.root, *words, "") == names
    assert offered(shop.root, "job:field", "Greet", "r") == ["remove", "rename"]


def test_what_counts_as_a_job(scene: Scene) -> None:
    scene.jobs(HELLO)
    assert job_names(["app.jobs"], [str(scene.root)]) == {"Quietly": "", "mail.hello": "Say hello."}
    assert job_names(["app.jobs.made", "app.none"], [str(scene.root)]) == {"Quietly": "", "mail.hello": "Say hello."}


def test_the_fields_of_a_job_that_have_no_value_yet(shop: Scene) -> None:
    assert offered(shop.root, "job:dispatch", "Greet", "") == ["name=", "times=", "note_="]
    assert offered(shop.root, "job:run", "Greet", "times=2", "n") == ["name=", "note_="]
    assert offered(shop.root, "job:run", "Break", "") == []
    assert offered(shop.root, "job:run", "Nobody", "") == []
    told = dartian(shop.root, "--complete", "zsh", "job:run", "Greet", "no").out
    assert told == "note_=:str | None\n"


def test_the_fields_that_a_job_has_from_others(scene: Scene) -> None:
    scene.jobs(FIELDS)
    found = {name: job_fields(name, ["app.jobs"], [str(scene.root)]) for name in ("Both", "Own", "Loop")}
    assert found == {"Both": {"a": "int", "b": "str | None"}, "Own": {"c": "", "d": "bytes"}, "Loop": {"e": "int"}}


def test_queues_ids_and_connections(store: Scene) -> None:
    assert offered(store.root, "queue:pause", "") == ["media"]
    assert offered(store.root, "queue:pause", "media", "") == []
    assert offered(store.root, "queue:work", "--queue", "") == ["media"]
    assert offered(store.root, "queue:work", "--queue", "mail,m") == ["mail,media"]
    assert offered(store.root, "queue:work", "--queue", "media,") == []
    assert offered(store.root, "queue:work", "--queue=") == ["--queue=media"]
    assert offered(store.root, "queue:work", "") == ["isolate", "sync"]
    assert offered(store.root, "queue:status", "--connection", "i") == ["isolate"]
    assert offered(store.root, "queue:retry", "") == ["all", "7f2e"]
    assert offered(store.root, "queue:retry", "7f2e", "7") == []
    assert offered(store.root, "queue:cancel", "") == ["81aa"]
    assert offered(store.root, "queue:show", "8") == ["81aa"]
    assert offered(store.root, "queue:forget", "8") == []


def test_files_are_left_to_the_shell(shop: Scene) -> None:
    for words in (["new", ""], ["init", "--jobs", ""], ["job:run", "Greet", "name="]):
        assert offered(shop.root, *words, code=1) == []


# What does no harm


def test_no_store_is_made(shop: Scene) -> None:
    assert offered(shop.root, "queue:retry", "") == ["all"]
    assert offered(shop.root, "queue:pause", "") == []
    assert not shop.store_path.parent.exists()


@pytest.mark.parametrize(
    "config",
    ["print('hello')\nraise ValueError('no')", "import sys\nsys.exit(3)", "config = 3", "config = (", "import nowhere"],
)
def test_a_broken_configuration_says_nothing_here(config: str, shop: Scene) -> None:
    shop.write("config/queue.py", config)
    for words in (["queue:retry", ""], ["job:run", ""], ["queue:work", ""]):
        assert offered(shop.root, *words) == []


def test_what_the_configuration_prints_does_not_reach_the_line(store: Scene) -> None:
    store.write("config/queue.py", "from dartian_queue import Config\n\nprint('hello')\nconfig = Config()\n")
    assert offered(store.root, "queue:pause", "") == ["media"]


def test_a_store_that_is_none_says_nothing_here(shop: Scene) -> None:
    shop.write("storage/queue.sqlite3", "this is no database, and long enough to be seen as none at first sight")
    assert offered(shop.root, "queue:pause", "") == []
    assert offered(shop.root, "queue:pause", "", env={"QUEUE_STORE": "memory:"}) == []


@pytest.mark.parametrize("asked", [(), ("tcsh", "queue:w"), ("bash",), ("bash", "dartian"), ("fish",)])
def test_a_shell_that_asks_wrongly_gets_no_error(asked: tuple[str, ...], tmp_path: Path) -> None:
    answer = dartian(tmp_path, "--complete", *asked)
    assert (answer.out, answer.err) == ("", "")


@pytest.mark.parametrize(
    ("line", "words", "left_out"),
    [
        ("dartian ", [""], 0),
        ("dartian queue:w", ["queue:w"], 6),
        ("dartian queue:work --queue=me", ["queue:work", "--queue=me"], 8),
        ("dartian queue:work ", ["queue:work", ""], 0),
        ("dartian job:run 'a b' \"c:d", ["job:run", "a b", "c:d"], 0),
        ("dartian job:run it\\'s # no comment", ["job:run", "it's", "#", "no", "comment"], 0),
        ("dartian job:run x\\", ["job:run", "x"], 0),
    ],
)
def test_lines_of_bash(line: str, words: list[str], left_out: int) -> None:
    assert read_line(line, " \t\n\"'><=;|&(:") == (words, left_out)
    assert read_line(line, " \t\n") == (words, 0)
