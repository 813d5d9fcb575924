"""The shop's API. It answers at once; what takes long, or may fail, is a job."""

from dartian_queue import DuplicateId, dispatch
from fastapi import FastAPI, HTTPException, status
from pydantic import BaseModel

from shop.jobs import AnnounceOrder
from shop.orders import Order

app = FastAPI(title="Shop")


class Accepted(BaseModel):
    """An order that was taken, and the job that announces it."""

    order: int
    job: str


@app.post("/orders", status_code=status.HTTP_202_ACCEPTED)
async def take_order(order: Order) -> Accepted:
    """Take an order. A client that got no answer may send it again: the job's id lets it be announced once."""
    try:
        receipt = await dispatch(AnnounceOrder(order), id=f"order-{order.number}")
    except DuplicateId as error:
        raise HTTPException(status.HTTP_409_CONFLICT, f"there is another order {order.number}") from error
    return Accepted(order=order.number, job=receipt.id)
