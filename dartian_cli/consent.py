"""The question before something is destroyed. It destroys nothing itself."""

from dartian_cli import ui
from dartian_cli.errors import Usage

__all__ = ["has_consent"]


def has_consent(question: str, *, yes: bool) -> bool:
    """Say whether the person wants it: ``--yes``, or the answer on a terminal; Usage where nobody can be asked.

    The question ends in a question mark and holds no unescaped data.
    """
    if yes:
        return True
    if not ui.interactive():
        raise Usage(f"{question} There is no terminal to answer on\nTo go on without the question, add --yes.")
    if ui.ask(question, ("no", "yes")) == "yes":
        return True
    ui.note("Nothing was changed.")
    return False
