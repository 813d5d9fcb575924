"""``job:rename`` in a real application: what was dispatched under the old name runs, and undo brings it back."""

from pathlib import Path

from tests.cli.test_source import tree
from tests.cli.typing_at import dartian


def test_a_job_that_waits_runs_under_its_new_name(tmp_path: Path) -> None:
    dartian(tmp_path, "new", "shop")
    shop = tmp_path / "shop"
    dartian(shop, "make:job", "ProcessPodcast", "podcast_id:int")
    dartian(shop, "job:dispatch", "ProcessPodcast", "podcast_id=7")
    before = tree(shop)
    renamed = dartian(shop, "job:rename", "process-podcast", "PrepareAudio")
    assert "  move       app/jobs/process_podcast.py -> app/jobs/prepare_audio.py\n" in renamed.out
    assert renamed.out.endswith("\nRestart the workers, so that they know the new name: dartian queue:restart\n")
    worked = dartian(shop, "queue:work", "--stop-when-empty", "--isolates", "1")
    assert "done 1, retried 0, failed 0" in worked.out
    dartian(shop, "undo")
    after = tree(shop)
    assert {path: after[path] for path in before if not path.startswith("storage")} == {
        path: content for path, content in before.items() if not path.startswith("storage")
    }


def test_it_is_shown_before_it_is_done(tmp_path: Path) -> None:
    dartian(tmp_path, "new", "shop")
    shop = tmp_path / "shop"
    dartian(shop, "make:job", "ProcessPodcast", "podcast_id:int")
    before = tree(shop)
    shown = dartian(shop, "job:rename", "ProcessPodcast", "PrepareAudio", "--dry-run")
    assert "+class PrepareAudio(Job, aliases=" in shown.out
    dartian(shop, "job:rename", "ProcessPodcast", "PrepareAudio", "--check", code=1)
    assert tree(shop) == before
    refused = dartian(shop, "job:rename", "ProcesPodcast", "PrepareAudio", code=2)
    assert "did you mean 'ProcessPodcast'?" in refused.err
