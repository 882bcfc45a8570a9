"""Rules by what they look at; the docstring of each says what it prevents."""
