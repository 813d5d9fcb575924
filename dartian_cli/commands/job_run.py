"""``dartian job:run``: one job here and now, in this process, where a debugger can reach it."""

import time
from collections.abc import Coroutine

from dartian_cli import application, ui, wording
from dartian_cli.arguments import make_job
from dartian_cli.flags import FieldValues, RegisteredJob
from dartian_queue import config
from dartian_queue.attempt import run_handle
from dartian_queue.context import FailAttempt, JobContext, ReleaseAttempt
from dartian_queue.envelope import new_id
from dartian_queue.errors import DartianError
from dartian_queue.job import Job, options_of, tags_of

__all__ = ["EXAMPLES", "job_run"]

EXAMPLES = ("dartian job:run ProcessPodcast podcast_id=123", 'dartian job:run Greet name=Ada \'tags=["a", "b"]\'')


def job_run(
    name: RegisteredJob,
    fields: FieldValues = None,
) -> int:
    """Run a job here and now, in this process.

    Nothing is stored, so there are no retries, no timeout, and failed() is not called. An exception is shown
    with its traceback, and breakpoint() works.
    """
    settings = config.current()
    registry = application.load_jobs(settings)
    cls = registry.get(name)
    job = make_job(cls, name, fields or [], settings.config.max_payload)
    context = _context(job, registry.name_of(cls), settings.default.name, settings.default.queue)
    begun = time.perf_counter()
    failure = _run(job, context)
    took = wording.stopwatch(time.perf_counter() - begun)
    if failure is None:
        ui.note(f"{ui.styled('done', 'green')} {name} in {took}")
        return 0
    raise DartianError(f"{name} failed after {took}: {failure}")


def _run(job: Job, context: JobContext) -> str | None:
    """Run the job and return why it failed; its traceback is printed."""
    try:
        run_handle(job, context, _finish)
    except ReleaseAttempt as wish:
        ui.note(f"The job put itself back for {wording.duration(wish.delay)}; here that ends it.")
    except FailAttempt as wish:
        return wish.reason
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        from bdb import BdbQuit

        if isinstance(error, BdbQuit):
            return "it was left in the debugger"
        from dartian_cli.frames import user_traceback

        ui.note(user_traceback(error))
        return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return None


def _finish(coroutine: Coroutine[object, object, object]) -> object:
    import asyncio

    return asyncio.run(coroutine)


def _context(job: Job, name: str, connection: str, queue: str) -> JobContext:
    options = options_of(type(job))
    return JobContext(
        id=new_id(),
        name=name,
        attempt=1,
        tries=1,
        queue=options.queue or queue,
        connection=options.connection or connection,
        tags=tags_of(job),
        report=_report,
    )


def _report(done: float, total: float | None, note: str) -> None:
    share = f"{wording.count(done)} of {wording.count(total)}" if total is not None else wording.count(done)
    ui.note(ui.styled(f"progress {share}  {ui.escaped(note)}".rstrip(), "dim"))
