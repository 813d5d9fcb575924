"""The application on a database of each test's own, which its jobs find as they do in production."""

from pathlib import Path

import pytest
from flask import Flask

from bookmarks import create_app


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Return the application."""
    monkeypatch.setenv("BOOKMARKS_DATABASE", str(tmp_path / "bookmarks.sqlite3"))
    return create_app()
