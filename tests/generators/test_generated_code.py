"""What is generated, taken as it is: formatted, linted, type checked by both checkers, and its tests pass."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dartian_cli.generators.application import plan_application
from dartian_cli.generators.job import plan_job
from dartian_cli.plan import run
from dartian_cli.project import Project
from dartian_queue import exponential

MODELS = '''"""Models."""

from dataclasses import dataclass
from enum import Enum


class Quality(Enum):
    """How good it sounds."""

    LOW = "low"
    HIGH = "high"


@dataclass
class Account:
    """Nothing that could be made up."""

    number: int
'''
EVERY_TYPE = [
    "url:str", "count:int", "ratio:float", "loud:bool", "data:bytes", "nothing:None", "price:Decimal", "key:UUID",
    "file:Path", "day:date", "at:datetime", "hour:time", "length:timedelta", "mood:Literal:calm:loud",
    "names:list:str", "sizes:dict:str:int", "pair:tuple:int:str", "row:tuple:int", "seen:set:int",
    "fixed:frozenset:str", "either:int|str", "quality:app.models.Quality", "qualities:list:app.models.Quality",
    "note:str?", "level:int=3", "title:str=it's \"it\"", "tags:list:str=[]", "marks:dict:str:list:int={'a': [1]}",
    "kept:set:int={3, 1}", "cost:Decimal=9.99", "born:date=2026-01-02", "target:Path=a/b.wav",
    "best:app.models.Quality=HIGH",
]  # fmt: skip


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An application with jobs of every kind."""
    root = tmp_path_factory.mktemp("application") / "shop"
    project = Project.at(root)
    run(project, plan_application)
    (root / "app" / "models.py").write_text(MODELS)
    run(project, lambda workspace: plan_job(workspace, "Publish"))
    run(project, lambda workspace: plan_job(workspace, "podcasts/Publish", ["podcast_id:int"], sync=True))
    run(project, lambda workspace: plan_job(workspace, "HTTPFetchEverything", EVERY_TYPE))
    run(project, lambda workspace: plan_job(workspace, "raw-first", ["data:bytes", "tags:list:str=[]"]))
    options = {"queue": "media", "tries": 5, "backoff": exponential(3), "tags": ["p:{podcast_id}"], "timeout": 120}
    run(project, lambda workspace: plan_job(workspace, "Transcribe", ["podcast_id:int"], options))
    return root


def check(application: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=application, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_ruff_finds_nothing(application: Path) -> None:
    rules = "ANN,B,C4,D,E,F,I,N,PIE,PT,RET,RUF,SIM,UP,W"
    check(application, "ruff", "check", "--isolated", "--no-cache", "--select", rules, "--ignore", "D203,D213,E501")
    check(application, "ruff", "format", "--isolated", "--no-cache", "--check", ".")


def test_mypy_finds_nothing(application: Path) -> None:
    check(application, "mypy", "--strict", "app", "tests", "config")


def test_pyright_finds_nothing(application: Path) -> None:
    settings = {"typeCheckingMode": "strict", "include": ["app", "tests", "config"]}
    (application / "pyrightconfig.json").write_text(json.dumps(settings))
    check(application, "pyright", "--pythonpath", sys.executable)


def test_the_generated_tests_pass(application: Path) -> None:
    printed = check(application, "pytest", "-q", "-p", "no:cacheprovider")
    assert "10 passed" in printed
    assert not list(application.rglob("*.sqlite3")), "no test writes to the real store"


def test_a_test_without_a_known_value_is_skipped_and_typed(application: Path) -> None:
    project = Project.at(application)
    run(project, lambda workspace: plan_job(workspace, "audit/Close", ["account:list:app.models.Account"], test=True))
    path = "tests/jobs/audit/test_close.py"
    check(application, "mypy", "--strict", path)
    check(
        application,
        "ruff",
        "check",
        "--isolated",
        "--no-cache",
        "--select",
        "E,F,I,D,RUF",
        "--ignore",
        "D203,D213",
        path,
    )
