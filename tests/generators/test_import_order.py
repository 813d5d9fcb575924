"""What was sorted before a job was renamed is sorted afterwards, as the real ruff sees it; what was not is left."""

import subprocess
import sys
from pathlib import Path

import pytest

from dartian_cli.edits.import_order import sorted_again
from dartian_cli.edits.source import Source
from dartian_cli.generators.job import plan_job
from dartian_cli.generators.renaming import plan_rename
from dartian_cli.testing import MemoryProject

SHOP = (
    MemoryProject({"pyproject.toml": '[tool.dartian]\njobs = "app/jobs"\n', "app/__init__.py": ""})
    .run(plan_job, "ChargeCard")
    .project.run(plan_job, "ProcessPodcast")
    .project.run(plan_job, "SendWelcome")
    .project
)

SORTED = {
    "the names of an import": (
        "from app.jobs import ChargeCard, ProcessPodcast, SendWelcome\n",
        "from app.jobs import AddSound, ChargeCard, SendWelcome\n",
    ),
    "a name a line": (
        "from app.jobs import (\n    ChargeCard,\n    ProcessPodcast,\n    SendWelcome,\n)\n",
        "from app.jobs import (\n    AddSound,\n    ChargeCard,\n    SendWelcome,\n)\n",
    ),
    "lines": (
        "from app.jobs.charge_card import ChargeCard\nfrom app.jobs.process_podcast import ProcessPodcast\n",
        "from app.jobs.add_sound import AddSound\nfrom app.jobs.charge_card import ChargeCard\n",
    ),
    "lines with their comments": (
        "# ours\nfrom app.jobs.charge_card import ChargeCard  # cards\n"
        "from app.jobs.process_podcast import ProcessPodcast  # podcasts\n",
        "# ours\nfrom app.jobs.add_sound import AddSound  # podcasts\n"
        "from app.jobs.charge_card import ChargeCard  # cards\n",
    ),
    "lines of modules": (
        "import app.jobs.charge_card\nimport app.jobs.process_podcast\n",
        "import app.jobs.add_sound\nimport app.jobs.charge_card\n",
    ),
    "relative ones": (
        "import os\n\nfrom .jobs.charge_card import ChargeCard\nfrom .jobs.process_podcast import ProcessPodcast\n",
        "import os\n\nfrom .jobs.add_sound import AddSound\nfrom .jobs.charge_card import ChargeCard\n",
    ),
    "one of several lines": (
        "from app.jobs.charge_card import (\n    ChargeCard,\n)\nfrom app.jobs.process_podcast import (\n"
        "    ProcessPodcast,\n)\n",
        "from app.jobs.add_sound import (\n    AddSound,\n)\nfrom app.jobs.charge_card import (\n    ChargeCard,\n)\n",
    ),
    "within a function": (
        "def f():\n    from app.jobs.charge_card import ChargeCard\n"
        "    from app.jobs.process_podcast import ProcessPodcast\n",
        "def f():\n    from app.jobs.add_sound import AddSound\n    from app.jobs.charge_card import ChargeCard\n",
    ),
    "what is exported": (
        "from app.jobs import ChargeCard, ProcessPodcast\n\n__all__ = ['ChargeCard', \"ProcessPodcast\"]\n",
        "from app.jobs import AddSound, ChargeCard\n\n__all__ = [\"AddSound\", 'ChargeCard']\n",
    ),
    "what is exported, a line each": (
        "from app.jobs import ChargeCard, ProcessPodcast\n\n__all__ = (\n    'ChargeCard',\n    'ProcessPodcast',\n)\n",
        "from app.jobs import AddSound, ChargeCard\n\n__all__ = (\n    'AddSound',\n    'ChargeCard',\n)\n",
    ),
    "CRLF": (
        "from app.jobs.charge_card import ChargeCard\r\nfrom app.jobs.process_podcast import ProcessPodcast\r\n",
        "from app.jobs.add_sound import AddSound\r\nfrom app.jobs.charge_card import ChargeCard\r\n",
    ),
}

LEFT = {
    "in no order": "from app.jobs import SendWelcome, ProcessPodcast, ChargeCard\n",
    "lines in no order": (
        "from app.jobs.send_welcome import SendWelcome\nfrom app.jobs.process_podcast import ProcessPodcast\n"
    ),
    "a comment among the names": "from app.jobs import (\n    ChargeCard,  # a\n    ProcessPodcast,  # b\n)\n",
    "a sorter was told to keep off": (
        "# isort: off\nfrom app.jobs.charge_card import ChargeCard\n"
        "from app.jobs.process_podcast import ProcessPodcast\n"
    ),
    "a sorter was told to skip": "from app.jobs import ChargeCard, ProcessPodcast  # isort:skip\n",
    "lines that are shared": (
        "x = 1; from app.jobs.charge_card import ChargeCard\n"
        "from app.jobs.process_podcast import ProcessPodcast; y = 1\n"
    ),
    "code between them": (
        "from app.jobs.charge_card import ChargeCard\nx = 1\nfrom app.jobs.process_podcast import ProcessPodcast\n"
    ),
    "an empty line between them": (
        "from app.jobs.charge_card import ChargeCard\n\nfrom app.jobs.process_podcast import ProcessPodcast\n"
    ),
    "no line ending": (
        "from app.jobs.charge_card import ChargeCard\nfrom app.jobs.process_podcast import ProcessPodcast"
    ),
}


def renamed(text: str) -> str:
    """Return what ProcessPodcast -> AddSound makes of a file."""
    result = SHOP.with_files({"app/web.py": text}).run_once(plan_rename, "ProcessPodcast", "AddSound")
    return result.project.text("app/web.py")


@pytest.mark.parametrize("case", SORTED)
def test_what_was_sorted_is_sorted_again(case: str) -> None:
    before, after = SORTED[case]
    assert renamed(before) == after


@pytest.mark.parametrize("case", LEFT)
def test_what_was_in_no_order_or_cannot_be_moved_stays_where_it_is(case: str) -> None:
    before = LEFT[case]
    assert renamed(before) == before.replace("ProcessPodcast", "AddSound").replace("process_podcast", "add_sound")


def test_the_real_sorter_has_nothing_to_say_after_as_before(tmp_path: Path) -> None:
    for number, texts in enumerate(SORTED.values()):
        for text, name in zip(texts, ("before", "after"), strict=True):
            (tmp_path / f"{name}{number}.py").write_bytes(text.encode())
    own = 'lint.isort.known-first-party=["app"]'
    command = ["ruff", "check", "--isolated", "--no-cache", "--select", "I,RUF022", "--config", own, str(tmp_path)]
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_comments_above_a_line_move_with_it() -> None:
    before = (
        "from app.jobs.charge_card import ChargeCard\n# sounds\nfrom app.jobs.process_podcast import ProcessPodcast\n"
    )
    after = "# sounds\nfrom app.jobs.add_sound import AddSound\nfrom app.jobs.charge_card import ChargeCard\n"
    assert renamed(before) == after


def test_an_order_without_kinds_is_an_order_too() -> None:
    before = Source("app/x.py", b"from app.a import A\nimport app.b\nfrom app.c import C\n")
    edited = b"from app.a import A\nimport app.z\nfrom app.c import C\n"
    assert sorted_again(before, edited, frozenset({"app"})) == (
        b"from app.a import A\nfrom app.c import C\nimport app.z\n"
    )


def test_what_an_edit_has_left_in_order_is_not_touched() -> None:
    before = Source("app/x.py", b"from app import a, b\nimport app.b\n")
    edited = b"from app import a, c\nimport app.b\n"
    assert sorted_again(before, edited, frozenset({"app"})) is edited
