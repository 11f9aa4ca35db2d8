"""The functions that a lesson defines beside those of the package: a table for each lesson."""
