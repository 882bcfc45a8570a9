"""search-api: finds battles, killmails, entities, systems and ships."""
