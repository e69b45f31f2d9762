"""Links names in code to the reference and back; does nothing where sphinx-codeautolink is missing."""

from docutils.parsers.rst import Directive


class NoExamples(Directive):
    """Stands in for the directive that lists where a name is used."""

    required_arguments = 1

    def run(self):
        return []


def setup(app):
    try:
        import sphinx_codeautolink
    except ImportError:
        app.add_directive("autolink-examples", NoExamples)
    else:
        app.setup_extension("sphinx_codeautolink")
        app.config.codeautolink_global_preface = "import musiclime as ml"
        app.config.codeautolink_concat_default = True  # the cells of a notebook share their names
        app.config.codeautolink_custom_blocks = {"ipython3": sphinx_codeautolink.clean_ipython}
        # The function above cannot be pickled, and need not be. A code block that is drawn
        # in another way than it stands in the source keeps its text and gets no links.
        quiet = ["config.cache", "codeautolink.match_block"]
        app.config.suppress_warnings = [*app.config.suppress_warnings, *quiet]
    return {"parallel_read_safe": True, "parallel_write_safe": True}
