"""`kdtutor table`: pairs of nets, methods and seeds, all in one table that grows cell by cell."""
