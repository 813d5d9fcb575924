"""Publish podcasts once they are processed."""

import json
from html import escape
from pathlib import Path

from app.files import write_whole
from dartian_queue import Job, JobContext

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Podcasts</title>
<style>body {{ font: 1rem sans-serif; max-width: 50rem; margin: 2rem auto }} img {{ width: 100% }}</style>
{entries}
<p>Published on try {attempt}.</p>
</html>
"""


class PublishPodcasts(Job, tries=5, backoff=3):
    """Write the page that lists podcasts; it fails, and is tried again, while one is still being processed."""

    podcast_ids: list[int]
    output: Path = Path("public")

    async def handle(self, context: JobContext) -> None:
        """Write index.html beside the pictures that it shows."""
        entries = "\n".join(self._entry(podcast_id) for podcast_id in self.podcast_ids)
        write_whole(self.output / "index.html", PAGE.format(entries=entries, attempt=context.attempt).encode())

    def _entry(self, podcast_id: int) -> str:
        facts = json.loads((self.output / f"{podcast_id}.json").read_bytes())
        title = escape(facts["title"])
        return f'<h2>{title}</h2>\n<img src="{podcast_id}.png" alt="Waveform of {title}">'
