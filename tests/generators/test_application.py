"""``dartian new``: the files of an application, which runs as it is (test_generated_code.py runs it)."""

from pathlib import Path

from dartian_cli.generators.application import plan_application
from dartian_cli.generators.job import plan_job
from dartian_cli.plan import run
from dartian_cli.project import Project
from dartian_cli.testing import MemoryProject


def test_a_new_application() -> None:
    result = MemoryProject(name="My Shop").run(plan_application)
    assert result.verbs == dict.fromkeys(
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
    result.assert_has_patch("pyproject.toml", '+ name = "my-shop"')
    again = result.project.run(plan_application)
    assert set(again.verbs.values()) == {"identical"}


def test_a_new_application_is_found(tmp_path: Path) -> None:
    project = Project.at(tmp_path / "My Shop")
    run(project, plan_application)
    found = Project.find(project.root / "app", environ={})
    assert found.root == project.root
    assert [package.dotted for package in found.jobs] == ["app.jobs"]


def test_the_configuration_it_writes_says_the_defaults() -> None:
    from dartian_queue import Config

    text = MemoryProject().run(plan_application).project.text("config/queue.py")
    names: dict[str, object] = {}
    exec(compile(text, "queue.py", "exec"), names)
    config = names["config"]
    assert isinstance(config, Config)
    assert config.default == "isolate"
    assert config.jobs == ["app.jobs"]
    assert sorted(config.connections) == ["isolate", "sync"]


def test_a_job_is_registered_in_it_as_one_line_each() -> None:
    project = MemoryProject().run(plan_application).project
    for name in ("SendWelcome", "ChargeCard"):
        project = project.run(plan_job, name).project
    assert project.text("app/jobs/__init__.py") == (
        '"""The jobs of this application."""\n\n'
        "from app.jobs.charge_card import ChargeCard\nfrom app.jobs.send_welcome import SendWelcome\n\n"
        '__all__: list[str] = [\n    "ChargeCard",\n    "SendWelcome",\n]\n'
    )


def test_a_file_that_differs_is_left() -> None:
    before = MemoryProject({"README.md": "mine\n"})
    result = before.run(plan_application)
    result.assert_conflict("README.md")
    assert result.project.files == before.files
    kept = before.answering({"README.md": "keep"}).run(plan_application)
    kept.assert_unchanged("README.md")
    kept.assert_creates("config/queue.py")
