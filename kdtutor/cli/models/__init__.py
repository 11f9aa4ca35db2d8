"""What is asked of trained models: how good they are, how large and how fast, and how they leave for elsewhere."""
