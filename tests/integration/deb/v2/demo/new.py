"""What the first version doesn't have."""
