"""A package of the first version."""

VERSION = 1
