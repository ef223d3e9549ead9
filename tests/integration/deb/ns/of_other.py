"""Of the package other, in a namespace that it shares."""
