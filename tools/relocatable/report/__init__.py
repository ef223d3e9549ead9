"""Reports of a finished dist: what links to what and why (`linkage`), and a page of it (`page`)."""
