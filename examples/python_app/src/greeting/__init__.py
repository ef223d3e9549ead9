"""A page that greets somebody."""
