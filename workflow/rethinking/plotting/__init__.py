"""The figures: data frames in, a matplotlib figure and its caption out. Nothing here imports torch."""
