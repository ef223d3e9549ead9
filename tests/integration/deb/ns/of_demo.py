"""Of the package demo, in a namespace that it shares."""
