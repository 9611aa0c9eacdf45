"""What runs come to: what it is called, selected by and spoken of, by figures and tables and, in part, by training."""
