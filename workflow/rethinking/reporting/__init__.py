"""The tables: data frames in, CSV, Markdown and LaTeX out. Nothing here imports torch."""
