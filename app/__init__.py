"""The example application: a podcast host that measures what is uploaded to it."""
