"""A server that jobs talk to, and that answers when a test wants it to: a job takes as long as its gate is shut."""

from collections import Counter
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

from tests.scene import PATIENCE, wait_for

__all__ = ["Gate"]


class Gate(ThreadingHTTPServer):
    """Lets requests arrive, and answers each once it is open: with the page of that path, or with 204."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Visit)
        self.pages: dict[str, bytes] = {}
        self.arrived: list[str] = []
        self.answered: Counter[str] = Counter()
        self._opened = Event()
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def open(self) -> None:
        self._opened.set()

    def wait_until_opened(self) -> None:
        assert self._opened.wait(PATIENCE)

    def wait_for_arrivals(self, *paths: str) -> None:
        wait_for(lambda: set(paths) <= set(self.arrived), what=f"{paths} to arrive; there are {self.arrived}")

    def close(self) -> None:
        """Answer all that has arrived, and end."""
        self.open()
        self.shutdown()
        self.server_close()


class _Visit(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        gate = self.server
        assert isinstance(gate, Gate)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        gate.arrived.append(self.path)
        gate.wait_until_opened()
        page = gate.pages.get(self.path, b"")
        with suppress(OSError):  # the job was interrupted, and hears no answer
            self.send_response(200 if page else 204)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)
            gate.answered[self.path] += 1

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None: ...
