"""CloudEvents contracts, and the runtime that consumes and publishes them."""
