# ruff: noqa: B015, B018 - what is wrong is the point
"""Wrong uses of job classes: each line marked with E must be an error, for mypy and for pyright, and no other."""

from dartian_queue import Job, dispatch, field
from dartian_queue.job import encode, load, options_of
from dartian_queue.registry import Registry


class ProcessPodcast(Job, queue="media"):
    podcast_id: int
    quality: str = "high"

    async def handle(self) -> None:
        self.podcast_id = "x"  # E
        self.unheard_of.strip()  # E


class Resize(Job):
    def __init__(self, path: str) -> None:
        self.path = path

    def handle(self) -> None: ...


ProcessPodcast()  # E
ProcessPodcast("123")  # E
ProcessPodcast(podcast_id="123")  # E
ProcessPodcast(123, 5)  # E
ProcessPodcast(123, "high", 3)  # E
ProcessPodcast(123, qualty="high")  # E
ProcessPodcast(123, delay=60)  # E
ProcessPodcast(123).podcst_id  # E
ProcessPodcast(123) < ProcessPodcast(124)  # E
Resize(3)  # E
Resize()  # E


class Misspelt(Job, tires=3):  # E
    pass


class WrongTries(Job, tries="3"):  # E
    pass


class WrongQueue(Job, queue=3):  # E
    pass


class WrongIsolate(Job, isolate="cold"):  # E
    pass


class WrongTags(Job, tags=[3]):  # E
    pass


class WrongFailOn(Job, fail_on=[3]):  # E
    pass


class WrongRetryOn(Job, retry_on="TimeoutError"):  # E
    pass


class WrongRenamed(Job, renamed_fields=["podcast"]):  # E
    pass


class WrongRemoved(Job, removed_fields=[3]):  # E
    pass


class WrongTimeout(Job, timeout="1m"):  # E
    pass


class Child(ProcessPodcast, piority=3):  # E
    pass


class WrongDefault(Job):
    number: int = "3"  # E
    names: list[str] = field(default_factory=dict)  # E
    last: str = field(default=3)  # E


class WrongOrder(Job):
    first: int = 1
    second: int  # E


dispatch(3)  # E
dispatch(ProcessPodcast)  # E
dispatch(ProcessPodcast(1), tires=3)  # E
dispatch(ProcessPodcast(1), queue=3)  # E
encode(3)  # E
encode(ProcessPodcast)  # E
load(int, "{}")  # E
options_of(ProcessPodcast(1))  # E
Registry.load("app.jobs").get(3)  # E
