"""Names of queues as they are typed, and which queues are paused. It pauses and resumes nothing."""

from collections.abc import Collection, Sequence

from dartian_cli import ui
from dartian_cli.errors import Usage
from dartian_queue.errors import did_you_mean, shown
from dartian_queue.options import QUEUE
from dartian_queue.stores.store import Counts, QueueCounts

__all__ = ["parse_queues", "parse_switch", "pauses", "remark_pauses", "remark_unknown", "say_pauses", "served"]


def parse_queues(place: str, words: Sequence[str]) -> tuple[str, ...]:
    """Return the queues in their order, each once; a word may name several, with commas. Usage for an impossible name.

    ``place`` is the option or argument that takes them.
    """
    queues = [part.strip() for word in words for part in word.split(",")]
    for queue in queues:
        if not QUEUE.fullmatch(queue):
            raise Usage(
                f"{place} takes names of queues, separated by commas, not '{shown(queue)}'\n"
                f"A name has 1 to 64 letters, digits or _ . : -"
            )
    return tuple(dict.fromkeys(queues))


def parse_switch(verb: str, words: Sequence[str], *, every: bool) -> tuple[str, ...]:
    """Return the queues to pause or resume, none for the switch for all; Usage for neither, and for both."""
    named = parse_queues("QUEUE", words)
    if named and every:
        raise Usage(
            "--all is a switch of its own, beside the pauses of single queues\n"
            f"Write dartian queue:{verb} --all, or name queues."
        )
    if not named and not every:
        raise Usage(f"name the queues to {verb}\nFor the switch for all: dartian queue:{verb} --all")
    return named


def remark_unknown(queues: Sequence[str], counts: Counts) -> None:
    """Remark on standard error which of these queues have no jobs, since their names may be misspelt."""
    known = {queue.queue for queue in counts.queues}
    for queue in queues:
        if queue not in known:
            ui.note(f"No job is on a queue '{queue}'{did_you_mean(queue, known) or '.'}")


def pauses(counts: Counts) -> dict[str, object]:
    """Return what is paused, as data: the switch for all, and the queues that are paused one by one."""
    return {"all": counts.total.paused, "queues": list(counts.paused)}


def served(counts: Counts, queues: Collection[str]) -> Counts:
    """Return the counts of these queues alone, which a worker serves; with none given, of all."""
    if not queues:
        return counts
    those = [queue for queue in counts.queues if queue.queue in queues]
    total = QueueCounts(
        "*",
        ready=sum(queue.ready for queue in those),
        scheduled=sum(queue.scheduled for queue in those),
        held=sum(queue.held for queue in those),
        oldest=max((queue.oldest for queue in those if queue.oldest is not None), default=None),
        paused=counts.total.paused,
    )
    return Counts(tuple(those), total, tuple(queue for queue in counts.paused if queue in queues))


def say_pauses(counts: Counts) -> None:
    """Print what is paused and how to undo it; nothing where nothing is."""
    for line in _pause_lines(counts):
        ui.say(line, "yellow")


def remark_pauses(counts: Counts) -> None:
    """Remark on standard error what is paused and how to undo it; nothing where nothing is."""
    for line in _pause_lines(counts):
        ui.note(line)


def _pause_lines(counts: Counts) -> list[str]:
    lines: list[str] = []
    if counts.total.paused:
        lines.append("All queues are paused: no job begins. To go on: dartian queue:resume --all")
    if counts.paused:
        names = [ui.escaped(queue) for queue in counts.paused]
        own = "Paused one by one" if counts.total.paused else "Paused"
        lines.append(f"{own}: {', '.join(names)}. To go on: dartian queue:resume {' '.join(names)}")
    return lines
