"""What is stored of a job, as data for programs. It reads no store, and hides nothing: see SECURITY.md."""

import msgspec

from dartian_queue.stores.store import StoredJob, WorkerInfo

__all__ = ["errors_of", "payload_of", "progress_data", "worker_data"]

Data = dict[str, object]


def payload_of(job: StoredJob) -> object:
    """Return the payload as data; as the text that it is where it is no JSON, which may be why the job failed."""
    text = job.envelope.payload
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return text


def errors_of(job: StoredJob) -> list[Data]:
    """Return the errors, one an attempt, with all their fields."""
    return [{name: getattr(error, name) for name in error.__struct_fields__} for error in job.errors]


def progress_data(job: StoredJob) -> Data | None:
    """Return how far a job has said it is; None where it has not."""
    progress = job.progress
    return {"done": progress.done, "total": progress.total, "note": progress.note} if progress else None


def worker_data(worker: WorkerInfo) -> Data:
    """Return what a worker says of itself."""
    return {
        "name": worker.name,
        "pid": worker.pid,
        "host": worker.host,
        "queues": list(worker.queues),
        "isolates": worker.isolates,
        "companion_of": worker.companion_of or None,
        "started_at": worker.started_at,
    }
