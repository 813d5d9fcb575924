"""One page: the bookmarks, and a form for another one."""

from dartian_queue import dispatch
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bookmarks import database
from bookmarks.jobs import ReadTitle

blueprint = Blueprint("views", __name__)


@blueprint.get("/")
def show() -> ResponseReturnValue:
    """Show all bookmarks; those whose page was not read yet by their address."""
    return render_template("bookmarks.html", bookmarks=database.newest())


@blueprint.post("/")
def add() -> ResponseReturnValue:
    """Store a bookmark and answer at once; its page, which may be slow, is read by a job."""
    url = request.form["url"]
    if not url.startswith(("http://", "https://")):
        abort(400, "a bookmark begins with http:// or https://")
    dispatch(ReadTitle(database.add(url)))
    return redirect(url_for("views.show"), 303)
