"""The nouns: what killmails, systems, entities and battles look like on any wire. Contracts only, pydantic only."""
