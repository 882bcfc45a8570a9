"""`battlescope replay`: clusters killmail files into battles offline, by the rules of the live system."""
