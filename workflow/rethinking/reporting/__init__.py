"""The tables: data frames in, CSV, Markdown, LaTeX and HTML out. Nothing here imports torch."""
