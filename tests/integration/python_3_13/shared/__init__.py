"""A package that two Pythons share."""
