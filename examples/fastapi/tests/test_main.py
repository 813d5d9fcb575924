"""The API takes orders; what it dispatches is looked at, and run where the test wants it."""

from dartian_queue.testing import FakeQueue
from fastapi.testclient import TestClient

from shop.jobs import AnnounceOrder
from shop.main import app
from tests.conftest import Customer

client = TestClient(app)


def order(number: int, webhook: str = "https://customer.example/orders", total: str = "9.90") -> dict[str, object]:
    """Return the body of a request."""
    return {"number": number, "total": total, "webhook": webhook}


def test_an_order_is_taken_and_will_be_announced(queue: FakeQueue) -> None:
    """The handler answers with the job that it has dispatched; nothing runs."""
    answer = client.post("/orders", json=order(7))

    assert (answer.status_code, answer.json()) == (202, {"order": 7, "job": "order-7"})
    queue.assert_dispatched(AnnounceOrder, times=1, where=lambda job: job.order.number == 7)


def test_an_order_that_is_sent_twice_is_announced_once(queue: FakeQueue) -> None:
    """The second one is a duplicate of the first; another order under its number is refused."""
    assert client.post("/orders", json=order(7)).status_code == 202
    assert client.post("/orders", json=order(7)).status_code == 202
    assert client.post("/orders", json=order(7, total="1.00")).status_code == 409

    queue.assert_count(1)


def test_from_the_request_to_the_customer(queue: FakeQueue, customer: Customer) -> None:
    """Drain the queue: the job runs here, as a worker would run it."""
    client.post("/orders", json=order(7, customer.webhook))

    assert queue.drain() == 1
    assert customer.told == [{"number": 7, "total": "9.90"}]
