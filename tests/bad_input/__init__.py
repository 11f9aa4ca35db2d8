"""Wrong input and what is said about it: a table for each layer."""
