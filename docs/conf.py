"""The documents as a site: `make docs` builds docs/_site with Sphinx."""

project = "Rethinking generalization"
copyright = "the authors of this repository"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = project
exclude_patterns = ["_site", "results/*/*.md"]
myst_heading_anchors = 3
# Diagrams are shown as the text that they are: nothing is loaded from elsewhere.
suppress_warnings = ["misc.highlighting_failure"]
