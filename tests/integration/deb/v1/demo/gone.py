"""What the second version doesn't have."""
