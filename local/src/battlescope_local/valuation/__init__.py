"""Values of killmails by a folder of price files or by the prices of the running system."""
