"""Turns an uploaded manifest into history: plans its days, fetches their mails, files them in chunks."""
