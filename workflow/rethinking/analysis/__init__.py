"""From runs to tables, and measures of a network."""
