"""The page that people open first: one file with figures, tables and curves, which loads nothing from anywhere."""
