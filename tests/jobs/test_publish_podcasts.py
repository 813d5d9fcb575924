"""PublishPodcasts, the example application's job that needs another to be done."""

from pathlib import Path

import pytest

from app.jobs import ProcessPodcast, PublishPodcasts
from dartian_queue import run_now

SAMPLE = Path(__file__).parents[2] / "app" / "recordings" / "sense-and-sensibility.wav"


def test_it_fails_while_a_podcast_is_missing_and_leaves_the_page_alone(tmp_path: Path) -> None:
    run_now(ProcessPodcast(1, SAMPLE, output=tmp_path))
    with pytest.raises(FileNotFoundError, match=r"2\.json"):
        run_now(PublishPodcasts([1, 2], output=tmp_path))
    assert not (tmp_path / "index.html").exists()


def test_it_lists_the_podcasts_in_order_with_their_titles_escaped(tmp_path: Path) -> None:
    odd = tmp_path / "a <b> & c.wav"
    odd.write_bytes(SAMPLE.read_bytes())
    run_now(ProcessPodcast(1, SAMPLE, output=tmp_path))
    run_now(ProcessPodcast(2, odd, output=tmp_path))
    run_now(PublishPodcasts([2, 1], output=tmp_path))
    page = (tmp_path / "index.html").read_text()
    assert page.index('<h2>a &lt;b&gt; &amp; c</h2>\n<img src="2.png"') < page.index('<img src="1.png"')
    assert "Published on try 1." in page
