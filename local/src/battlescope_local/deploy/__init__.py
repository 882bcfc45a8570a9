"""`make deploy`: what an overlay has, brought into a cluster by kubectl and kn, one function or all in the right order."""
