"""`make deploy`: brings an overlay, or one function of it, into a cluster by kubectl and kn."""
