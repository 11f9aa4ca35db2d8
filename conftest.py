"""For tests and notebooks alike: what a kernel died of, and which line of a cell failed."""

pytest_plugins = ["kdtutor.cli.kernels"]
