"""Runs the benchmark: ``python -m bench``, or ``make bench``, which installs the other queues first."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from bench.contender import ROOT
from bench.dartian import export
from bench.experiments import Table
from bench.machine import describe
from bench.page import write_page
from bench.peers import Peers
from bench.results import Results
from bench.rounds import measure, rows
from bench.series import series
from bench.servers import Servers
from bench.table import as_text

_PEERS = ROOT / ".venv-bench" / "peers"
_JSON = ROOT / "build" / "bench.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, or read an earlier run; print the table, save it, and write it into a page if that is asked for."""
    options = _parser().parse_args(arguments)
    try:
        results = Results.load(options.read) if options.read else _run(options)
        print(as_text(results))
        if not options.read:
            results.save(options.json)
        if options.write:
            for path in write_page(options.write, results):
                print(f"Wrote {path}")
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _run(options: argparse.Namespace) -> Results:
    peers = Peers(options.peers)
    with tempfile.TemporaryDirectory(prefix="dartian-bench-") as scratch, closing(Servers()) as servers:
        before = Path(scratch) / "before" if options.against else None
        if before is not None:
            before.mkdir()
            export(options.against, before)
        with closing(Table(servers, peers, before=before, depth=options.depth)) as table:
            experiments = [one for one in table.experiments() if not options.only or one.key in options.only]
            unknown = set(options.only) - {one.key for one in experiments}
            if unknown:
                known = ", ".join(one.key for one in table.experiments())
                raise ValueError(f"There is no row {', '.join(sorted(unknown))}; there are {known}.")
            measured = measure(experiments, options.rounds, slow=options.slow)
        lines = series(servers, options.depth) if options.plots or options.write else {}
        machine = describe(peers.versions(), servers.facts())
        return Results(machine, options.rounds, rows(experiments, measured), measured, lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add("--only", metavar="ROW", nargs="+", default=[], help="measure these rows alone, by their keys")
    add("--rounds", metavar="N", type=_positive, default=3, help="how often each is measured (3)")
    add("--against", metavar="REVISION", help="measure Dartian at this revision of git, too")
    add("--depth", metavar="JOBS", type=_positive, default=1_000_000, help="what lies in a full store (1,000,000)")
    add("--slow", action="store_true", help="measure peers that take minutes, too")
    add("--plots", action="store_true", help="measure what the plots show, too")
    add("--json", metavar="PATH", type=Path, default=_JSON, help=f"where it is saved ({_JSON.relative_to(ROOT)})")
    add("--read", metavar="PATH", type=Path, help="measure nothing, but show what an earlier run has saved")
    add("--write", metavar="PAGE", type=Path, help="write table and plots into a page: docs/performance.md")
    add("--peers", metavar="FOLDER", type=Path, default=_PEERS, help="where the other queues are installed")
    return parser


def _positive(text: str) -> int:
    number = int(text.replace(",", "").replace("_", ""))
    if number < 1:
        raise ValueError
    return number


if __name__ == "__main__":
    sys.exit(main())
