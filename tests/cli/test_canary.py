"""A password in a store's URL reaches the store and nobody else: no output, error, log, file or process list.

What is run here fails where it shows the canary (tests/canary.py), as every other test of the suite does.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dartian_queue.states import State
from tests import canary
from tests.canary import CANARY, URL
from tests.cli.typing_at import Terminal, clean, dartian
from tests.scene import Scene

VAULT = f"""
import os
from dartian_queue.errors import StoreUnusable
from dartian_queue.stores.sqlite import SqliteStore

class Vault(SqliteStore):
    '''A SQLite file behind a URL with a password; it forgets to hide it, as somebody's store will.'''
    url = {URL!r}

def open_vault(url, *, clock, durability, wait, largest_payload):
    assert url == {URL!r}, "the password has to arrive whole"
    if how := os.environ.get("VAULT_RAISES"):
        kind = StoreUnusable if how == "its own" else RuntimeError
        raise kind(f"cannot connect to {{url}}: try {{url}}?password={CANARY}")
    return Vault(PATH, clock=clock, wait=wait, largest_payload=largest_payload)
"""
JOBS = f"""
class Charge(Job, tries=2, backoff=0):
    amount: int = 1
    def handle(self) -> None:
        connect({URL!r})

def connect(url):
    raise ConnectionError(f"no answer from {{url}}")
"""
ENV = {"QUEUE_STORE": URL}
COMMANDS = {
    "about": ["about", "about --json"],
    "completion": ["completion bash"],
    "doctor": ["doctor", "doctor --json"],
    "history": ["history", "history --json"],
    "init": ["init", "init --json"],
    "job_dispatch": ["job:dispatch Greet name=Ada", "job:dispatch Greet name=Ada --json"],
    "job_field": ["job:field Greet rename times count", "job:field Greet add size:int=1 --json"],
    "job_list": ["job:list", "job:list --json"],
    "job_remove": ["job:remove Greet", "job:remove Greet --force --json"],
    "job_rename": ["job:rename Greet Welcome --dry-run", "job:rename Greet Welcome --json"],
    "job_run": ["job:run Greet name=Ada", "job:run Charge -v"],
    "job_show": ["job:show Charge", "job:show charge --json"],
    "make_job": ["make:job Zip", "make:job Zap --json"],
    "new": ["new other"],
    "queue_cancel": ["queue:cancel nobody", "queue:cancel nobody --json"],
    "queue_clear": ["queue:clear --yes", "queue:clear --yes --json"],
    "queue_failed": ["queue:failed", "queue:failed --json"],
    "queue_flush": ["queue:flush --yes"],
    "queue_forget": ["queue:forget nobody --yes"],
    "queue_monitor": ["queue:monitor --max 0", "queue:monitor --max 0 --json"],
    "queue_pause": ["queue:pause mail", "queue:pause mail --json"],
    "queue_prune": ["queue:prune --yes"],
    "queue_restart": ["queue:restart", "queue:restart --json"],
    "queue_resume": ["queue:resume mail"],
    "queue_retry": ["queue:retry all", "queue:retry all --json"],
    "queue_show": ["queue:show nobody", "queue:show nobody --json"],
    "queue_status": ["queue:status", "queue:status --json"],
    "queue_work": ["queue:work --stop-when-empty", "queue:work --stop-when-empty --json"],
    "stub_publish": ["stub:publish"],
    "undo": ["undo", "undo --json"],
}
"""How each command is typed here, by the name of its file."""


@pytest.fixture
def vault(shop: Scene) -> Scene:
    """An application whose store is behind a URL with a password."""
    shop.write("vault.py", VAULT.replace("PATH", repr(str(shop.store_path))))
    shop.write("vault-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: vault\nVersion: 1.0\n")
    shop.write("vault-1.0.dist-info/entry_points.txt", "[dartian.stores]\nvault = vault:open_vault\n")
    shop.jobs(JOBS, "charging")
    return shop


def written_by_us(root: Path) -> list[Path]:
    """Return all files that hold the canary and are not those in which somebody wrote it."""
    theirs = {".env", "vault.py", "charging.py", "program.py"}
    files = [path for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc" and path.name not in theirs]
    return [path for path in files if CANARY.encode() in path.read_bytes()]


def test_every_command_is_typed_here() -> None:
    folder = Path(__file__).parents[2] / "dartian_cli" / "commands"
    assert set(COMMANDS) == {path.stem for path in folder.glob("*.py")} - {"__init__"}


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_shows_a_password(command: str, vault: Scene) -> None:
    for line in COMMANDS[command]:
        dartian(vault.root, *line.split(), env=ENV, code=None)
    assert written_by_us(vault.root) == []


@pytest.mark.parametrize("command", ["queue:status", "queue:work", "job:dispatch Greet name=Ada", "doctor", "about"])
@pytest.mark.parametrize("raised", ["its own", "anything"])
def test_no_error_and_no_traceback_of_a_store_shows_a_password(command: str, raised: str, vault: Scene) -> None:
    told = ""
    for verbose in ([], ["-v"]):
        answer = dartian(vault.root, *command.split(), *verbose, env={**ENV, "VAULT_RAISES": raised}, code=None)
        told += answer.out + answer.err
    assert "cannot connect to vault://shop:***@db.invalid:5432/queue: try " in told


@pytest.mark.parametrize(
    ("command", "env"),
    [
        ("queue:status", {"QUEUE_DRIVER": URL}),
        (f"queue:work {URL}", {}),
        (f"queue:status --connection {URL}", {}),
        (f"queue:work --queue {URL}", {}),
        (f"job:dispatch Greet name=Ada --queue {URL}", {}),
        ("queue:status", {"QUEUE_STORE": URL.replace("vault", "valt")}),
        ("queue:status", {"QUEUE_STORE": URL.replace("vault", "sqlite")}),
        ("queue:status", {"QUEUE_STORE": f"sqlite://shop:{CANARY}/with/slashes@host/queue"}),
        ("queue:status", {"QUEUE_STORE": f"memory://shop:{CANARY}@host"}),
        ("queue:status", {"QUEUE_COMPANION": URL}),
        ("queue:status", {"QUEUE_DIRVER": URL, **ENV}),
        ("doctor", {"QUEUE_DIRVER": URL, "QUEUE_CONNECTION": URL}),
        (f"job:run {URL}", {}),
        (f"{URL}", {}),
    ],
)
def test_no_mistake_shows_a_password(command: str, env: dict[str, str], vault: Scene) -> None:
    for verbose in ([], ["-v"]):
        dartian(vault.root, *command.split(), *verbose, env=env, code=None)


@pytest.mark.parametrize(
    "text",
    [
        f"config = Config(connections={{'a': Connection(driver='isolat', store='{URL}')}})",
        f"config = Config(connections={{'a': Connection(driver='{URL}')}})",
        f"config = Config(connections={{'a': Connection(driver='isolate', store=b'{URL}')}})",
        f"config = Config(default='{URL}')",
        f"config = Config(jobs='{URL}')",
        f"raise ValueError('{URL}')",
        f"config = '{URL}'",
    ],
)
def test_no_mistake_in_the_configuration_shows_a_password(text: str, vault: Scene) -> None:
    vault.write("config/queue.py", f"from dartian_queue import Config, Connection\n{text}\n")
    told = [dartian(vault.root, "queue:status", *verbose, code=3).err for verbose in ([], ["-v"])]
    assert "Traceback" in told[1]


def test_no_worker_shows_a_password_and_no_job_s_error_keeps_it(
    vault: Scene, terminal: Callable[..., Terminal]
) -> None:
    dartian(vault.root, "job:dispatch", "Charge", env=ENV)
    worker = vault.worker("--isolates", "1", env=ENV)
    assert worker.wait("worker_ready")["store"] == "vault://shop:***@db.invalid:5432/queue"
    ended = worker.wait("attempt_ended", outcome="failed")
    assert "no answer from vault://shop:***@db.invalid:5432/queue" in str(ended["error"])
    for pid in (worker.pid, *worker.descendants()):
        canary.refuse(Path(f"/proc/{pid}/cmdline").read_bytes(), "the process list")
    screen = terminal("queue:work", **ENV)
    screen.wait_for("vault://shop:***@db.inv")
    (job,) = vault.store.jobs(state=State.FAILED)
    for line in (f"queue:show {job.envelope.id}", "queue:failed", "queue:failed --json"):
        assert "no answer from vault://shop:***@" in dartian(vault.root, *line.split(), env=ENV).out
    assert written_by_us(vault.root) == []


def test_no_companion_and_no_script_shows_a_password(vault: Scene) -> None:
    vault.write(
        "program.py",
        "import dartian_queue, logging\nlogging.basicConfig(level=0)\nfrom app.jobs.charging import Charge\n"
        f"dartian_queue.configure(store={URL!r})\n"
        "print(dartian_queue.dispatch(Charge()), flush=True)\n",
    )
    done = subprocess.run(
        [sys.executable, "program.py"], cwd=vault.root, env=clean(), capture_output=True, text=True, timeout=60
    )
    canary.refuse(done.stdout + done.stderr, "a script or its companion")
    assert done.returncode == 0, done.stderr
    assert "Charge has failed" in done.stderr
    assert "no answer from vault://shop:***@" in done.stderr
    assert written_by_us(vault.root) == []


def test_what_is_dispatched_in_this_process_is_shown_without_it(capfd: pytest.CaptureFixture[str]) -> None:
    """The conftest's hook looks at what this prints."""
    from dartian_queue import config

    with config.configured(store=URL, root=os.getcwd()):
        print(config.current(), config.current().default.store, f"{config.current().default!r}")
    assert "vault://shop:***@db.invalid:5432/queue" in capfd.readouterr().out


def test_the_guards_can_see(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="a test shows a password"):
        canary.refuse(f"x {URL}", "a test")
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_runtest_makereport\n")
    (tmp_path / "test_three.py").write_text(
        "import logging, os\n"
        "def test_loud(): os.system('echo $DATABASE_URL')\n"
        "def test_logged(): logging.getLogger().warning(os.environ['DATABASE_URL'])\n"
        "def test_quiet(): print(len(os.environ['DATABASE_URL']))\n"
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    env = clean({"PYTHONPATH": str(Path(__file__).parents[2])})
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert "2 failed, 1 passed" in done.stdout, done.stdout
