"""``dartian new``: the files of an application, which runs as it is (test_generated_code.py runs it)."""

from pathlib import Path

import pytest

from dartian_cli.errors import Conflict
from dartian_cli.generators.application import plan_application
from dartian_cli.generators.job import plan_job
from dartian_cli.plan import run
from dartian_cli.project import Project


def test_a_new_application(tmp_path: Path) -> None:
    project = Project.at(tmp_path / "My Shop")
    plan = run(project, plan_application)
    assert {change.path: change.verb for change in plan.changes} == dict.fromkeys(
        [
            "pyproject.toml",
            "config/queue.py",
            ".env.example",
            ".gitignore",
            "README.md",
            "app/__init__.py",
            "app/jobs/__init__.py",
            "tests/__init__.py",
        ],
        "create",
    )
    found = Project.find(project.root / "app", environ={})
    assert found.root == project.root
    assert [package.dotted for package in found.jobs] == ["app.jobs"]
    assert 'name = "my-shop"' in (project.root / "pyproject.toml").read_text()
    assert {change.verb for change in run(project, plan_application).changes} == {"identical"}


def test_the_configuration_it_writes_says_the_defaults(tmp_path: Path) -> None:
    from dartian_queue import Config

    project = Project.at(tmp_path / "shop")
    run(project, plan_application)
    names: dict[str, object] = {}
    exec(compile((project.root / "config" / "queue.py").read_text(), "queue.py", "exec"), names)
    config = names["config"]
    assert isinstance(config, Config)
    assert config.default == "isolate"
    assert config.jobs == ["app.jobs"]
    assert sorted(config.connections) == ["isolate", "sync"]


def test_a_job_is_registered_in_it_as_one_line_each(tmp_path: Path) -> None:
    project = Project.at(tmp_path / "shop")
    run(project, plan_application)
    for name in ("SendWelcome", "ChargeCard"):
        run(project, lambda workspace, name=name: plan_job(workspace, name))
    assert (project.root / "app" / "jobs" / "__init__.py").read_text() == (
        '"""The jobs of this application."""\n\n'
        "from app.jobs.charge_card import ChargeCard\nfrom app.jobs.send_welcome import SendWelcome\n\n"
        '__all__: list[str] = [\n    "ChargeCard",\n    "SendWelcome",\n]\n'
    )


def test_a_file_that_differs_is_left(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine\n")
    with pytest.raises(Conflict, match=r"README.md exists already and differs"):
        run(Project.at(tmp_path), plan_application)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md"]
