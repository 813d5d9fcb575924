"""Hand recordings to the queue, as a web application does after an upload."""

from pathlib import Path

from app.jobs import ProcessPodcast, PublishPodcasts
from dartian_queue import dispatch, dispatch_many

recordings = Path("recordings").resolve()
sample = recordings / "sense-and-sensibility.wav"
episode = recordings / "episode.wav"

dispatch(ProcessPodcast(1, sample))
dispatch(ProcessPodcast(2, sample, silence=-50.0), delay=2)
dispatch_many(
    ProcessPodcast(podcast_id, episode, silence=level)
    for podcast_id, level in [(3, -60.0), (4, -50.0), (5, -40.0), (6, -30.0)]
)

# It comes first, so it fails: nothing is there yet. Later it is tried again.
page = dispatch(PublishPodcasts([1, 2, 3, 4, 5, 6]), priority=1)
print(f"Six recordings are queued; job {page.id[:4]} will publish them.")
