"""What an order consists of: the body of a request, and the field of a job."""

from decimal import Decimal

from pydantic import BaseModel, HttpUrl


class Order(BaseModel):
    """An order, and the address at which the customer's own system hears of it."""

    number: int
    total: Decimal
    webhook: HttpUrl
