"""The job that a generated test makes: a call with a value for each field that needs one. It writes no test."""

from collections.abc import Mapping

import msgspec

from dartian_cli.annotations import Annotation, Import
from dartian_cli.generators.classes import look_up
from dartian_cli.generators.samples import Sample, sample_of
from dartian_cli.workspace import Workspace

__all__ = ["TrialJob", "trial_job"]


class TrialJob(msgspec.Struct, frozen=True):
    """How a test makes its job."""

    call: str
    """``ProcessPodcast(podcast_id=1)``; without what only a person can know."""
    imports: frozenset[Import]
    """All that the test imports from modules."""
    unknown: tuple[str, ...]
    """The fields for which only a person knows a value, each with its type."""
    reason: str
    """Why the test is skipped where there are such fields, and what to do about it."""


def trial_job(
    workspace: Workspace, package: str, class_name: str, needed: Mapping[str, Annotation], roots: tuple[str, ...]
) -> TrialJob:
    """Return how the test of a job makes it; ``needed`` are the fields without a default, and their types.

    The class is imported from ``package``; ``roots`` are the folders in which the project's modules are looked for.
    """

    def sample(annotation: Annotation) -> Sample | None:
        return sample_of(annotation, lambda inner: look_up(workspace, inner, roots).members)

    found = {name: sample(annotation) for name, annotation in needed.items()}
    known = {name: value for name, value in found.items() if value is not None}
    unknown = tuple(f"{name}: {needed[name].text}" for name in needed if name not in known)
    imports = frozenset(
        {
            Import("dartian_queue", "dispatch"),
            Import("dartian_queue", "run_now"),
            Import("dartian_queue.testing", "FakeQueue"),
            Import(package, class_name),
        }
    )
    if not unknown:
        imports = imports.union(*(value.imports for value in known.values()))
    arguments = ", ".join(f"{name}={value.text}" for name, value in known.items())
    reason = f"return {class_name}(...) here, with a value for {', '.join(unknown)}"
    return TrialJob(f"{class_name}({arguments})", imports, unknown, reason)
