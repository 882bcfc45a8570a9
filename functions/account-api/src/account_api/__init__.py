"""account-api: login with EVE Online, accounts, characters, roles and tokens."""
