"""`battlescope replay`: killmail files in, battles out, offline, by the very rules of the live system."""
