"""The exercises of each lesson: solutions, likely mistakes, hints."""
