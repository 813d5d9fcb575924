"""The job ReadTitle."""

import html
import re

import httpx2
from dartian_queue import Job

from bookmarks import create_app, database


class ReadTitle(Job, queue="pages", tries=3, timeout=30):
    """Read the page of a bookmark, and give the bookmark its title."""

    bookmark_id: int

    def handle(self) -> None:
        """Work in an app context, as a request does: the configuration and the database are there."""
        with create_app().app_context():
            bookmark = database.find(self.bookmark_id)
            page = httpx2.get(bookmark.url, follow_redirects=True, timeout=25).raise_for_status()
            database.give_title(bookmark.id, title_of(page.text) or bookmark.url)


def title_of(page: str) -> str:
    """Return the title of an HTML page on one line; empty where it has none."""
    found = re.search(r"<title\b[^>]*>(.*?)</title>", page, re.IGNORECASE | re.DOTALL)
    return " ".join(html.unescape(found[1]).split()) if found else ""
