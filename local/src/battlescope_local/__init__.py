"""The whole system on one machine: what Knative would do, read from the same manifests."""
