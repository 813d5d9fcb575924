"""How checks and findings are shown, to people and to programs. It checks nothing."""

from textwrap import wrap

import msgspec

from dartian_cli import ui, wording
from dartian_cli.checks.rounds import Section
from dartian_queue.stores.store import Finding

__all__ = ["as_data", "count", "show"]

_MARKS: dict[str, tuple[str, ui.Style]] = {"error": ("✘", "red"), "warning": ("▲", "yellow")}


def show(sections: list[Section]) -> None:
    """Print all checks, and in the end how many hold."""
    for name, checks in sections:
        ui.say(ui.escaped(name), "bold")
        for check in checks:
            if not check.findings:
                ui.say(f"  {ui.styled('✔', 'green')} {ui.escaped(check.title)}")
            for finding in check.findings:
                _show_finding(finding)
    ui.say()
    number = sum(len(checks) for _, checks in sections)
    holding = sum(not check.findings for _, checks in sections for check in checks)
    if holding == number:
        ui.say(f"All {number} checks hold.", "green")
        return
    errors, warnings = count(sections, "error"), count(sections, "warning")
    told = " and ".join(wording.of(some, kind) for some, kind in ((errors, "error"), (warnings, "warning")) if some)
    ui.say(f"{told}; {holding} of {number} checks hold.", "red" if errors else "yellow")


def _show_finding(finding: Finding) -> None:
    mark, style = _MARKS[finding.severity]
    first, *more = _wrapped(finding.what)
    ui.say(f"  {ui.styled(mark, style)} {ui.styled(first, style)}")
    for line in more:
        ui.say(f"    {ui.styled(line, style)}")
    for line in _wrapped(finding.why):
        ui.say(f"    {line}")
    ui.say(f"    Remedy: {ui.escaped(finding.remedy)}")  # on one line, since it is there to be copied


def _wrapped(text: str) -> list[str]:
    """Return the text as lines that fit the terminal below their mark; where there is no terminal, as one."""
    width = ui.width()
    return wrap(ui.escaped(text), width - 4) if width and text else [ui.escaped(text)] if text else []


def count(sections: list[Section], severity: str) -> int:
    """Count the findings of one severity."""
    return sum(finding.severity == severity for _, checks in sections for check in checks for finding in check.findings)


def as_data(sections: list[Section]) -> dict[str, object]:
    """Return all checks as data."""
    return {
        "errors": count(sections, "error"),
        "warnings": count(sections, "warning"),
        "checks": [
            {
                "section": name,
                "title": check.title,
                "holds": not check.findings,
                "findings": msgspec.to_builtins(check.findings),
            }
            for name, checks in sections
            for check in checks
        ],
    }
