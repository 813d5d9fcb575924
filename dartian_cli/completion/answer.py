"""Answer a shell that asks what may come next on its line: quickly, in its own form, and never with an error.

What the scripts beside this file call as ``dartian --complete SHELL ...``; it is not for people. Nothing that is
asked here changes a store, and what the project's own code prints meanwhile does not reach the line.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout

from dartian_cli import ui
from dartian_cli.completion.line import read_line
from dartian_cli.completion.offers import FilesMeant, Offer, ParserOf, offers_for

__all__ = ["answer"]

_FILES = 1
"""The exit code by which the shell is left to offer the names of files."""


def answer(arguments: Sequence[str], commands: Mapping[str, str], parser_of: ParserOf) -> int:
    """Print what may come next, an offer a line; 1 where that is for the shell to know, as the name of a file.

    ``arguments`` are the shell and what it knows of its line: of bash the text before the cursor and the letters at
    which it breaks words, of the others the words after ``dartian``, of which the last is the one to be completed.
    """
    try:
        with redirect_stdout(io.StringIO()):
            shell, *told = arguments
            words, left_out = read_line(*told) if shell == "bash" else (told, 0)
            lines = [_FORMS[shell](offer)[left_out:] for offer in offers_for(words, commands, parser_of)]
    except FilesMeant:
        return _FILES
    except Exception:  # whatever is wrong, the command itself will say; here it would stand within the line
        return 0
    for line in lines:
        ui.say(line)
    return 0


def _for_zsh(offer: Offer) -> str:
    """Return the offer as ``_describe`` takes it, which reads what follows a bare colon as the remark."""
    text = offer.text.replace(":", "\\:")
    return f"{text}:{offer.remark}" if offer.remark else text


_FORMS: dict[str, Callable[[Offer], str]] = {
    "bash": lambda offer: offer.text,
    "zsh": _for_zsh,
    "fish": lambda offer: f"{offer.text}\t{offer.remark}",
}
