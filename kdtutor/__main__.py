"""`python -m kdtutor`, and so `torchrun -m kdtutor`."""

from .cli.app import app

if __name__ == "__main__":
    app(prog_name="kdtutor")
