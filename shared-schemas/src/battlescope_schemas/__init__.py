"""Payload schemas: killmails, systems, entities and battles as they travel between functions. Pydantic models only."""
