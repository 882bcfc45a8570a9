"""`battlescope backfill`: writes a manifest into the bucket of the running system and follows its job."""
