"""Bookmarks that find their own titles: the page behind an address is read by a job."""

from pathlib import Path

from flask import Flask

__all__ = ["create_app"]


def create_app() -> Flask:
    """Return the application, for a server or for a job; BOOKMARKS_DATABASE says where its database is."""
    from bookmarks import database, views

    app = Flask(__name__)
    app.config["DATABASE"] = str(Path(app.root_path).parent / "storage" / "bookmarks.sqlite3")
    app.config.from_prefixed_env("BOOKMARKS")
    database.prepare(app)
    app.register_blueprint(views.blueprint)
    return app
