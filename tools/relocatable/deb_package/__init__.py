"""Debian packages of dists: the control block, the paths, and the file."""
