"""The developer's loop: a node in the foreground, functions replaced when their code changes, one view of all logs."""
