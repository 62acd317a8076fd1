"""Sphinx: MyST pages, the furo theme, and the package's own docstrings."""

from almascan import __version__

project = "almascan"
author = "The almascan authors"
copyright = "2026, the almascan authors"  # noqa: A001 - Sphinx' own name for it
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = "almascan"
html_show_sphinx = False
html_copy_source = False
