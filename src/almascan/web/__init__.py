"""The page: the work of the command line in a browser, over the same journal, served from this machine."""
