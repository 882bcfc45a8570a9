"""The developer's loop: a node in the foreground that replaces changed functions, and one view of all logs."""
