"""``dartian init`` in projects as people have them: what follows really runs, and nothing else was touched."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_source import tree
from tests.cli.typing_at import Terminal, clean, dartian

Files = dict[str, str]

FASTAPI = "from fastapi import FastAPI\n\napp = FastAPI()\n"
DJANGO_STAND_IN = "import os\nREADY = []\ndef setup():\n    READY.append(os.environ['DJANGO_SETTINGS_MODULE'])\n"
"""What matters here is that boot() sets Django up before the jobs; examples/django has the real one."""
LAYOUTS: dict[str, tuple[Files, str]] = {
    "src": (
        {
            "pyproject.toml": '[project]\nname = "shop"\n[tool.pytest.ini_options]\npythonpath = ["src"]\n# the end\n',
            "src/shop/__init__.py": "",
            "tests/test_old.py": "",
        },
        "src/shop/jobs",
    ),
    "flat": (
        {"pyproject.toml": '[project]\r\nname = "shop"\r\n', "shop/__init__.py": "", "tests/__init__.py": ""},
        "shop/jobs",
    ),
    "poetry": ({"pyproject.toml": '[tool.poetry]\nname = "shop"', "shop/__init__.py": ""}, "shop/jobs"),
    "fastapi": ({"requirements.txt": "fastapi\n", "app/__init__.py": "", "app/main.py": FASTAPI}, "app/jobs"),
    "modules": ({"app.py": FASTAPI, "config.py": "DEBUG = True\n", "pyproject.toml": ""}, "jobs"),
    "backend": (
        {"backend/shop/__init__.py": "", "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["backend"]\n'},
        "backend/shop/jobs",
    ),
    "nothing": ({}, "app/jobs"),
}


def put(root: Path, files: Files) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode())


def passes(root: Path) -> None:
    """Run the project's tests, as somebody does who has installed nothing of it."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", "."]
    done = subprocess.run(command, cwd=root, env=clean(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_project_that_exists_runs_jobs_afterwards(tmp_path: Path, name: str) -> None:
    files, jobs = LAYOUTS[name]
    put(tmp_path, files)
    before = tree(tmp_path)
    assert "Next:\n  dartian make:job" in dartian(tmp_path, "init").out
    after = tree(tmp_path)
    assert set(after) - set(before) <= {"pyproject.toml"}
    assert {path: after[path] for path in before if path != "pyproject.toml"} == {
        path: content for path, content in before.items() if path != "pyproject.toml"
    }
    assert after["pyproject.toml"].startswith(before.get("pyproject.toml", b""))
    assert f'jobs = "{jobs}"' in after["pyproject.toml"].decode()
    assert "  identical  pyproject.toml" in dartian(tmp_path, "init").out
    dartian(tmp_path, "init", "--check", code=0)
    assert tree(tmp_path) == after
    dartian(tmp_path, "make:job", "Publish", "podcast_id:int")
    assert (tmp_path / jobs / "publish.py").is_file()
    assert "Publish 3" in dartian(tmp_path, "job:run", "Publish", "podcast_id=3").out
    dartian(tmp_path, "job:dispatch", "Publish", "podcast_id=3")
    assert "  done      Publish" in dartian(tmp_path, "queue:work", "--stop-when-empty", "--isolates", "1").out
    passes(tmp_path)


def test_django_is_set_up_before_its_jobs_are_imported(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "manage.py": "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')\n",
            "mysite/__init__.py": "",
            "billing/__init__.py": "",
            "billing/models.py": "import django\nassert django.READY == ['mysite.settings'], 'not ready'\n",
            "polls/__init__.py": "",
            "polls/apps.py": "",
            "config.py": "DEBUG = True\n",
            "django/__init__.py": DJANGO_STAND_IN,
            "django/db.py": "class connections:\n    @staticmethod\n    def close_all():\n        print('closed')\n\n"
            "def close_old_connections():\n    print('tidied')\n",
        },
    )
    out = dartian(tmp_path, "init").out
    assert "is a Django project." in out
    assert "  create     config/queue.py" in out
    dartian(tmp_path, "make:job", "billing/jobs/ChargeCard")
    path = tmp_path / "billing" / "jobs" / "charge_card.py"
    path.write_text(path.read_text().replace("from dartian_queue", "import billing.models\nfrom dartian_queue", 1))
    dartian(tmp_path, "make:job", "polls.jobs.Count")
    assert (tmp_path / "polls" / "jobs" / "count.py").is_file()
    assert "ChargeCard ran" in dartian(tmp_path, "job:run", "ChargeCard").out
    dartian(tmp_path, "job:dispatch", "ChargeCard")
    worked = dartian(tmp_path, "queue:work", "--stop-when-empty", "--isolates", "1").out
    assert "  done      ChargeCard" in worked
    assert "closed" in worked
    assert worked.index("ChargeCard ran") < worked.index("tidied")
    command = [sys.executable, "-c", "import config; print(config.DEBUG)"]
    done = subprocess.run(command, cwd=tmp_path, env=clean(), capture_output=True, text=True, check=False)
    assert done.stdout == "True\n", "config.py is still what the application imports"


def test_who_chooses_is_obeyed(tmp_path: Path) -> None:
    put(tmp_path, {"pyproject.toml": "", "a/__init__.py": "", "b/__init__.py": ""})
    refused = dartian(tmp_path, "init", code=2).err
    assert refused.endswith("the jobs could go to a/jobs, b/jobs\n  Choose: dartian init --jobs a/jobs\n")
    assert dartian(tmp_path, "init", "--jobs", "../x", code=2).err.startswith(
        "error: --jobs takes a folder below the project, not '../x'\n"
    )
    dry = dartian(tmp_path, "init", "--jobs", "a/jobs", "--jobs", "./b/jobs/", "--dry-run").out
    assert '+jobs = ["a/jobs", "b/jobs"]' in dry
    assert (tmp_path / "pyproject.toml").read_text() == ""
    dartian(tmp_path, "init", "--jobs", "a/jobs", "--check", code=1)
    plan = dartian(tmp_path, "init", "--jobs", "a/jobs", "--json").data()
    assert [(change["verb"], change["path"]) for change in plan["changes"]] == [("edit", "pyproject.toml")]
    assert (tmp_path / "pyproject.toml").read_text() == '[tool.dartian]\njobs = "a/jobs"\n'
    assert "names its jobs already" in dartian(tmp_path, "init", "--jobs", "b/jobs", code=5).err


def test_what_cannot_be_decided_is_asked_on_a_terminal(tmp_path: Path) -> None:
    put(tmp_path, {"pyproject.toml": "", "a/__init__.py": "", "b/__init__.py": ""})
    shown = Terminal(tmp_path, "init")
    try:
        shown.wait_for("(a/jobs, b/jobs)")
        shown.type("b/jobs\n")
        assert shown.end() == 0
    finally:
        shown.close()
    assert (tmp_path / "pyproject.toml").read_text() == '[tool.dartian]\njobs = "b/jobs"\n'


def test_it_begins_at_the_projects_root(tmp_path: Path) -> None:
    put(tmp_path, {"pyproject.toml": "", "shop/__init__.py": "", "shop/deep/x.py": ""})
    dartian(tmp_path / "shop" / "deep", "init")
    assert (tmp_path / "pyproject.toml").read_text() == '[tool.dartian]\njobs = "shop/jobs"\n'
    assert os.listdir(tmp_path / "shop" / "deep") == ["x.py"]
