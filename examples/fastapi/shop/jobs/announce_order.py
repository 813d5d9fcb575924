"""The job AnnounceOrder."""

import httpx2
from dartian_queue import Job, JobContext, exponential

from shop.orders import Order


class AnnounceOrder(Job, tries=5, backoff=exponential(2, 60), timeout=30):
    """Tell the customer's system of an order."""

    order: Order

    async def handle(self, context: JobContext) -> None:
        """Post the order to its webhook; an answer that says no success is an error, and another try follows."""
        async with httpx2.AsyncClient(timeout=25) as client:
            answer = await client.post(
                str(self.order.webhook),
                json=self.order.model_dump(mode="json", exclude={"webhook"}),
                headers={"Idempotency-Key": context.id},
            )
        answer.raise_for_status()
