"""Every spelling of a name is one job; what cannot work is refused with a name that does."""

import builtins
import keyword
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dartian_cli.errors import NameRefused
from dartian_cli.names import LONGEST, JobName

FOLDERS = (("app/jobs", "app.jobs", "/home/me/shop/app/jobs"), ("billing/jobs",))


@pytest.mark.parametrize(
    ("text", "class_name", "module_path", "stored"),
    [
        ("ProcessPodcast", "ProcessPodcast", "process_podcast", "ProcessPodcast"),
        ("process_podcast", "ProcessPodcast", "process_podcast", "ProcessPodcast"),
        ("process-podcast", "ProcessPodcast", "process_podcast", "ProcessPodcast"),
        ("processPodcast", "ProcessPodcast", "process_podcast", "ProcessPodcast"),
        ("PROCESS_PODCAST", "ProcessPodcast", "process_podcast", "ProcessPodcast"),
        ("process_podcast.py", "ProcessPodcast", "process_podcast", "ProcessPodcast"),
        ("podcasts/Process", "Process", "podcasts.process", "podcasts.Process"),
        ("Podcasts.Process", "Process", "podcasts.process", "podcasts.Process"),
        ("podcasts/process.py", "Process", "podcasts.process", "podcasts.Process"),
        ("AdminArea/big-import", "BigImport", "admin_area.big_import", "admin_area.BigImport"),
        ("app/jobs/podcasts/Process", "Process", "podcasts.process", "podcasts.Process"),
        ("./app/jobs/podcasts/process.py", "Process", "podcasts.process", "podcasts.Process"),
        ("/home/me/shop/app/jobs/podcasts/Process", "Process", "podcasts.process", "podcasts.Process"),
        ("app.jobs.podcasts.Process", "Process", "podcasts.process", "podcasts.Process"),
        ("HTTPFetch", "HTTPFetch", "http_fetch", "HTTPFetch"),
        ("ImportCSV2", "ImportCSV2", "import_csv2", "ImportCSV2"),
        ("Import2Csv", "Import2Csv", "import2_csv", "Import2Csv"),
        ("import_2_csv", "Import2Csv", "import2_csv", "Import2Csv"),
        ("Resize2x", "Resize2x", "resize2x", "Resize2x"),
        ("a/b/c", "C", "a.b.c", "a.b.C"),
        ("Match", "Match", "match", "Match"),
        ("A" * LONGEST, "A" * LONGEST, "a" * LONGEST, "A" * LONGEST),
    ],
)
def test_a_spelling(text: str, class_name: str, module_path: str, stored: str) -> None:
    name = JobName.parse(text, folders=FOLDERS)
    assert (name.class_name, name.module_path, name.stored, name.folder) == (class_name, module_path, stored, 0)
    assert str(name.path) == module_path.replace(".", "/") + ".py"


def test_the_folder_in_front_chooses_among_several() -> None:
    name = JobName.parse("billing/jobs/ChargeCard", folders=FOLDERS)
    assert (name.folder, name.stored) == (1, "ChargeCard")


def test_an_owner_in_front_chooses_too_and_alone_is_a_job_of_that_name() -> None:
    folders = (("app/jobs", "app"), ("billing/jobs", "billing"))
    for text, folder, stored in [
        ("billing/ChargeCard", 1, "ChargeCard"),
        ("Billing.cards.Charge", 1, "cards.Charge"),
        ("billing/jobs/ChargeCard", 1, "ChargeCard"),
        ("app/Report", 0, "Report"),
        ("billing", 0, "Billing"),
        ("cards/billing/Charge", 0, "cards.billing.Charge"),
    ]:
        name = JobName.parse(text, folders=folders)
        assert (name.folder, name.stored) == (folder, stored), text


@pytest.mark.parametrize(
    ("text", "why", "suggestion"),
    [
        ("", "it is empty", "ProcessPodcast"),
        ("Job", "Job is Dartian's own name", "ProcessPodcast"),
        ("ValueError", "ValueError is a name of Python itself", "HandleValueError"),
        ("None", "None is a name of Python itself", "HandleNone"),
        ("import", "'import' is a keyword, so that module could not be imported", "ImportJob"),
        ("class/Publish", "'class' is a keyword, so that module could not be imported", "ClassJobs/ProcessPodcast"),
        ("2fa", "'2fa' begins with a digit", "Run2fa"),
        ("con", "'con' is a device on Windows, where the file could not exist", "ConJob"),
        ("lpt1/Publish", "'lpt1' is a device on Windows, where the file could not exist", "Lpt1Jobs/ProcessPodcast"),
        ("list", "a module 'list' would hide the list that its package needs", "ListJob"),
        ("str/Publish", "a module 'str' would hide the str that its package needs", "StrJobs/ProcessPodcast"),
        ("__init__", "names with two leading underscores belong to Python", "Init"),
        ("_private", "'_private' has a stray _ or -", "Private"),
        ("podcasts/../../etc/x", "'..' would leave the jobs folder", "X"),
        ("../Publish", "'..' would leave the jobs folder", "Publish"),
        ("/etc/cron.d/Publish", "an absolute path outside of the jobs folder", "Publish"),
        ("app/jobs", "it is the jobs folder itself", "app/jobs/ProcessPodcast"),
        ("podcasts//Publish", "a name is missing beside a '/' or '.'", "podcasts/Publish"),
        ("podcasts/", "a name is missing beside a '/' or '.'", "Podcasts"),
        ("process podcast", "not ' '", "ProcessPodcast"),
        ("podcasts\\Publish", "not '\\\\'", "podcasts/Publish"),
        ("Podcasts::Publish", "not ':'", "podcasts/Publish"),
        ("{{ name }}", "letters, digits and _", "ProcessPodcast"),
        ("$(rm -rf ~)", "letters, digits and _", "ProcessPodcast"),
        ("Рrocess", "a name has ASCII letters, digits and _ only", "Process"),
        ("Überweisung", "a name has ASCII letters, digits and _ only", "Uberweisung"),
        ("Process\x1b[31m", "it holds control characters", "Process31m"),
        ("A" * 101, "it has 101 characters, and 100 are allowed", "ProcessPodcast"),
        ("a/" * 150 + "B", "it has 301 characters, and 100 are allowed", "ProcessPodcast"),
    ],
)
def test_a_refusal(text: str, why: str, suggestion: str) -> None:
    with pytest.raises(NameRefused) as refusal:
        JobName.parse(text, folders=FOLDERS)
    said = str(refusal.value)
    assert why in said
    assert said.endswith(f"\nTry: dartian make:job {suggestion}")
    assert refusal.value.exit_code == 2
    assert len(said.splitlines()) <= 3


@given(st.one_of(st.text(max_size=120), st.from_regex(r"[A-Za-z0-9_./\- ]{0,60}", fullmatch=True)))
@example("a-__b")
@example("..a")
@example("_.py")
def test_whatever_is_typed_is_a_good_name_or_a_refusal_with_one(text: str) -> None:
    try:
        name = JobName.parse(text, folders=FOLDERS)
    except NameRefused as refusal:
        said = str(refusal)
        assert JobName.parse(said.rpartition("make:job ")[2], folders=FOLDERS)
        assert said.replace("\n", "").isprintable()
        return
    for module in (*name.packages, name.module):
        assert re.fullmatch(r"[a-z][a-z0-9_]*", module)
        assert not keyword.iskeyword(module)
    assert name.class_name.isidentifier()
    assert not hasattr(builtins, name.class_name)
    again = JobName.parse("/".join((*name.packages, name.class_name)), folders=FOLDERS[1:])
    assert again.module_path == name.module_path
