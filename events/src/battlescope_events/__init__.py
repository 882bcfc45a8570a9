"""The sentences: what functions say to each other, and just enough to say and hear it."""
