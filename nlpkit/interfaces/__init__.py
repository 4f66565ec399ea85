"""How nlpkit is called from outside Python: the commands."""
