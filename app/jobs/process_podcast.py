"""Process a podcast after its upload."""

import json
from dataclasses import asdict
from pathlib import Path

from app.files import write_whole
from app.loudness import Measurement, Meter
from app.recording import Recording, UnreadableRecording
from app.waveform import Overview, draw
from dartian_queue import Job, JobContext


class ProcessPodcast(Job, queue="media", tries=3, timeout=120):
    """Measure a podcast's recording and draw its waveform."""

    podcast_id: int
    recording: Path
    silence: float = -40.0
    output: Path = Path("public")

    def handle(self, context: JobContext) -> None:
        """Write the facts as JSON and the waveform as PNG."""
        try:
            overview, measurement = self._listen(context)
        except UnreadableRecording as error:
            context.fail(str(error))  # another try would read the same file
        title = self.recording.stem
        picture = self.output / f"{self.podcast_id}.png"
        facts = {"title": title, **asdict(measurement)}
        write_whole(picture, draw(overview, measurement, title))
        write_whole(picture.with_suffix(".json"), json.dumps(facts, indent=2).encode())
        print(f"{title}: {measurement.duration:.1f} s measured, and drawn in {picture}")

    def _listen(self, context: JobContext) -> tuple[Overview, Measurement]:
        with Recording(self.recording) as recording:
            overview = Overview(recording)
            meter = Meter(recording, self.silence)
            for block in recording.blocks():
                overview.add(block, meter.add(block))
                context.progress(meter.frames, recording.frames, "listening")
            context.progress(meter.frames, recording.frames, "drawing")
            return overview, meter.result()
