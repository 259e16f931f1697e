"""Settings of the documentation build; `make docs` runs it with every warning an error."""

import logging
from importlib.metadata import version as installed

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

# Alembic tells at every import which parts of itself it loads.
logging.getLogger("alembic").setLevel(logging.WARNING)

project = "slotkeeper"
author = "the slotkeeper authors"
copyright = f"2026 {author}"  # noqa: A001 - sphinx names it so
release = installed("slotkeeper")
version = release.partition("+")[0]

extensions = ["myst_parser", "sphinx.ext.apidoc", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "examples", "reference/api/modules.rst"]

html_theme = "furo"
html_title = "slotkeeper"
# Lines of code are as long as the formatter lets them be; smaller, nearly all of them fit the page.
html_theme_options = {"light_css_variables": {"code-font-size": "var(--font-size--small--2)"}}

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

# One reference page per public module, written anew by each build from what stands in the source.
apidoc_modules = [
    {
        "path": "../src/slotkeeper",
        "destination": "reference/api",
        "automodule_options": {"members", "show-inheritance"},
        "max_depth": 2,
        "module_first": True,
        "separate_modules": True,
    }
]
# A name is documented where it is defined, not again in the packages that pass it on.
# What SQLAlchemy says of its own attribute points into its own documentation.
autodoc_default_options = {"ignore-module-all": True, "exclude-members": "cache_ok, inherit_cache"}
autodoc_member_order = "bysource"
default_role = "py:obj"
napoleon_numpy_docstring = False

suppress_warnings = [
    "ref.python",  # a short type name in an annotation may stand in several modules; the link takes the first
]

# A section may still be without pages. Sphinx gives this warning no type, so it can't be named above.
logging.getLogger("sphinx.sphinx.directives.other").addFilter(
    lambda record: "didn't match any documents" not in str(record.msg)
)


def setup(app: Sphinx) -> None:
    """Show diagrams as their text, which code hosts draw."""
    app.add_lexer("mermaid", TextLexer)
