"""CPython: what its standard library is made of, and what ties a build of it to one place."""
