"""The licence texts of what is in a dist, and what follows from them for its SBOMs."""
