"""AnnounceOrder can be dispatched, and does its work."""

from decimal import Decimal

import httpx2
import pytest
from dartian_queue import dispatch, run_now
from dartian_queue.testing import FakeQueue
from pydantic import HttpUrl

from shop.jobs import AnnounceOrder
from shop.orders import Order
from tests.conftest import Customer


def make_job(webhook: str = "https://customer.example/orders") -> AnnounceOrder:
    """Return a job to test with."""
    return AnnounceOrder(Order(number=7, total=Decimal("9.90"), webhook=HttpUrl(webhook)))


def test_is_dispatched(queue: FakeQueue) -> None:
    """Dispatch it into the fake queue; no real store is written."""
    dispatch(make_job())

    queue.assert_dispatched(AnnounceOrder)


def test_does_its_work(customer: Customer) -> None:
    """Run it here and now: the customer's system has been told of the order."""
    run_now(make_job(customer.webhook))

    assert customer.told == [{"number": 7, "total": "9.90"}]


def test_an_answer_that_says_no_success_is_an_error(customer: Customer) -> None:
    """What a job raises reaches the test; a worker would try again."""
    customer.status = 503

    with pytest.raises(httpx2.HTTPStatusError, match="503"):
        run_now(make_job(customer.webhook))
