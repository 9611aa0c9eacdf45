"""One stage a rule: arguments in, one call, files out. Only stages and rules know paths."""
