"""A memory store that was tampered with says so."""

import msgspec
import pytest

from dartian_queue.envelope import Envelope
from dartian_queue.options import Limits
from dartian_queue.states import State
from dartian_queue.stores.memory_lanes import Record
from dartian_queue.stores.memory_looks import check

SOUND = Envelope("id-1", "Job", "{}", limits=Limits(tries=2))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"tries": 3}, "has been tried more often"),
        ({"crashes": 4}, "has been tried more often"),
        ({"state": State.RUNNING}, "is running without a holder"),
        ({"state": State.DONE}, "is in no state that exists"),
    ],
)
def test_each_invariant_is_looked_at(change: dict[str, object], what: str) -> None:
    record = Record(SOUND, 1, 0.0)
    assert [one.findings for one in check([record])] == [(), (), ()]
    record.standing = msgspec.structs.replace(record.standing, **change)
    (finding,) = [finding for one in check([record]) for finding in one.findings]
    assert finding.what.startswith(f"Job id-1 {what}")


def test_a_remedy_cannot_be_another_command() -> None:
    record = Record(msgspec.structs.replace(SOUND, id="x; rm -rf /"), 1, 0.0)
    record.standing = msgspec.structs.replace(record.standing, tries=9)
    (finding,) = [finding for one in check([record]) for finding in one.findings]
    assert finding.remedy == "dartian queue:cancel 'x; rm -rf /'; dartian queue:retry 'x; rm -rf /'"
