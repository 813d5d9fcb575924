"""From what people type for a job, the beginning of its id, to the one job that is meant. It changes no job."""

from collections.abc import Collection, Sequence

from dartian_cli.errors import Usage
from dartian_queue.errors import shown
from dartian_queue.states import State
from dartian_queue.stores.store import Store, StoredJob

__all__ = ["job_named", "jobs_named"]

_MOST = 500
_FEW = 4


def jobs_named(
    store: Store | None, given: Sequence[str], states: Collection[State] = tuple(State), *, rule: str = "", look: str
) -> list[StoredJob]:
    """Return the jobs whose ids begin so, each once, as ``job_named`` finds them."""
    found = {job.envelope.id: job for job in (job_named(store, one, states, rule=rule, look=look) for one in given)}
    return list(found.values())


def job_named(
    store: Store | None, given: str, states: Collection[State] = tuple(State), *, rule: str = "", look: str
) -> StoredJob:
    """Return the one job in one of the states whose id begins so; Usage where there is none, or several.

    ``rule`` says why a job in another state does not do, where ``{id}`` stands for its id; ``look`` which command
    shows the ids. ``store`` is None where none is, which the command has said.
    """
    given = given.removeprefix("#")  # as a worker shows it, and no id has
    if not given:
        raise Usage(f"an id is not empty\n{look}")
    if store is None:
        raise Usage(f"no job has the id '{shown(given)}'")
    found = store.find(given, limit=_MOST)
    fitting = [job for job in found if job.state in states]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        few = ", ".join(f"{_longer(job, given)} ({shown(job.envelope.name)})" for job in fitting[:_FEW])
        few += ", ..." if len(fitting) > _FEW else ""
        many = f"{_MOST} or more" if len(fitting) == _MOST else str(len(fitting))
        raise Usage(f"'{shown(given)}' is the beginning of {many} ids: {few}\nType more of the one that you mean.")
    if found:
        job = found[0]
        raise Usage(
            f"{shown(job.envelope.name)} {shown(given)} is {job.state.value}, and {rule.format(id=shown(given))}"
        )
    raise Usage(f"no job has the id '{shown(given)}'\n{look}")


def _longer(job: StoredJob, given: str) -> str:
    return shown(job.envelope.id[: len(given) + 4])
