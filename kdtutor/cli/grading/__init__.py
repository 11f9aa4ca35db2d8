"""`kdtutor assign` and `kdtutor grade`: a class gets its copies, and what it hands in runs where it can do no harm."""
