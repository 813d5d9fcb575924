"""The customer's system: a real server that keeps what it is told."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest


class Customer(HTTPServer):
    """Answers every announcement with ``status``."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Webhook)
        self.status = 204
        self.told: list[dict[str, object]] = []

    @property
    def webhook(self) -> str:
        """The address at which it hears of orders."""
        return f"http://127.0.0.1:{self.server_port}/orders"


class Webhook(BaseHTTPRequestHandler):
    """One announcement."""

    def do_POST(self) -> None:
        """Keep what is told, and answer."""
        assert isinstance(self.server, Customer)
        self.server.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def customer() -> Iterator[Customer]:
    """A customer's system that runs during one test."""
    with Customer() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
