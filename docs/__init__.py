"""The documentation: pages written from the code and the registry, and HTML made of them by `python -m docs`."""
