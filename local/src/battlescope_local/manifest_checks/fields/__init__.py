"""Which fields each kind may have, and of which type: also where the schemas of Knative accept anything."""
