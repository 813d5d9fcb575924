"""The one suite that every store stands under; a new store adds a line to STORES in making.py."""
