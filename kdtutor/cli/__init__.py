"""The command line: `kdtutor lab`, `distil`, `compare`, `check`, `doctor` and the others, a module each."""
