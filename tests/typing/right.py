"""Job classes as users write them: nothing here may be an error, and every type is as it is asserted."""

from abc import abstractmethod
from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar, Final, Generic, TypeVar, assert_type, reveal_type

from dartian_queue import Job, JobContext, Receipt, dispatch, exponential, field
from dartian_queue.codec import Codec
from dartian_queue.job import codec_of, encode, load, options_of, tags_of
from dartian_queue.options import JobOptions
from dartian_queue.registry import Registry

T = TypeVar("T")


class ProcessPodcast(Job, queue="media", tries=5, timeout=timedelta(minutes=2), tags=["podcast:{podcast_id}"]):
    """Process a podcast after its upload."""

    LIMIT: ClassVar[int] = 3

    podcast_id: int
    quality: str = "high"
    channels: list[str] = field(default_factory=list[str])
    speed: float = field(default=1.0, kw_only=True)

    async def handle(self) -> None:
        assert_type(self.podcast_id, int)
        assert_type(self.channels, list[str])

    def failed(self, error: BaseException) -> None:
        """Say so."""


class Publish(ProcessPodcast, backoff=[1, 5, 30], isolate="fresh", aliases=["Release"], name="podcasts.Publish"):
    """Inherits fields and options; takes no context."""

    at: str = "now"

    async def handle(self) -> None:
        assert_type(self.quality, str)


class WithContext(Job, backoff=exponential(3, cap=60), fail_on_timeout=True, priority=-1, delay=1.5, retry_until=60):
    """Takes the context, without async."""

    path: str

    def handle(self, context: JobContext) -> int:
        return 3


class AsyncContext(Job, max_exceptions=3, connection="isolate", fail_on=ValueError, retry_on=[OSError, KeyError]):
    """Takes the context, with async."""

    async def handle(self, context: JobContext) -> None: ...


class Charge(
    Job, fail_on=(ValueError, KeyError), retry_on={TimeoutError: 60, OSError: exponential(1), Exception: [1, 5]}
):
    """Says which errors are worth another try."""


class Renamed(Job, renamed_fields={"podcast": "podcast_id"}, removed_fields=["quality"]):
    """Has had other fields."""

    podcast_id: int


class Resize(Job):
    """Writes its own constructor."""

    def __init__(self, path: str, width: int = 100) -> None:
        self.size = (width, width)
        self.path = path

    def handle(self) -> None:
        assert_type(self.size, tuple[int, int])


class Shape(Job):
    """Leaves handle to those that extend it."""

    name: str

    @abstractmethod
    def handle(self) -> None: ...


class Import(Job, Generic[T]):
    """Is filled in by a subclass."""

    rows: list[T]

    def handle(self) -> None: ...


class ImportNames(Import[str]):
    """Fills it in."""


KIND: Final[Callable[..., Job]] = ProcessPodcast

# seen by mypy: def (podcast_id: int, quality: str =, channels: list[str] =, *, speed: float =) -> right.ProcessPodcast
# seen by pyright: type[ProcessPodcast]
reveal_type(ProcessPodcast)
# seen by mypy: def (path: str, width: int =) -> right.Resize
# seen by pyright: type[Resize]
reveal_type(Resize)
# seen by mypy: def (self: right.ProcessPodcast, podcast_id: int, quality: str =, channels: list[str] =, *, speed:
# seen by pyright: (self: ProcessPodcast, podcast_id: int, quality: str = "high", channels: list[str] =
reveal_type(ProcessPodcast.__init__)

job = ProcessPodcast(123)
assert_type(job, ProcessPodcast)
assert_type(job.podcast_id, int)
assert_type(job.quality, str)
assert_type(job.channels, list[str])
assert_type(job.speed, float)
assert_type(ProcessPodcast(podcast_id=123, quality="low", speed=2), ProcessPodcast)
assert_type(Publish(1, "low", [], "tomorrow").at, str)
assert_type(Resize("a", width=3).size, tuple[int, int])
assert_type(ImportNames(["a"]).rows, list[str])
assert_type(Import([3]).rows, list[int])

assert_type(dispatch(job, delay=60, queue="media"), Receipt)
assert_type(encode(job), str)
assert_type(load(ProcessPodcast, "{}"), ProcessPodcast)
assert_type(load(Resize, b"{}").size, tuple[int, int])
assert_type(options_of(ProcessPodcast), JobOptions)
assert_type(codec_of(ProcessPodcast), Codec)
assert_type(tags_of(job), tuple[str, ...])
assert_type(Registry.load(["app.jobs"]).get("ProcessPodcast"), type[Job])

match job:
    case ProcessPodcast(podcast_id, quality):
        assert_type(podcast_id, int)
        assert_type(quality, str)
