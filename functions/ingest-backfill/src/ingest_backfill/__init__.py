"""Plans the days of an uploaded manifest, reads them from their source and publishes their killmails in chunks."""
