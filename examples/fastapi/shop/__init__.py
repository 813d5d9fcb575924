"""A shop that takes orders, and announces each to the system of the customer."""
