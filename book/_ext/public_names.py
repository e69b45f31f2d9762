"""The directive {other-names}: the public names of musiclime that a page does not describe yet, described."""

import inspect
import re
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList


def directives_for(names: list[str]) -> list[str]:
    """Lines of reStructuredText that describe public names."""
    import musiclime

    lines = []
    for name in names:
        value = getattr(musiclime, name)
        if inspect.isclass(value):
            lines.append(f".. autoclass:: musiclime.{name}")
        elif callable(value):
            lines.append(f".. autofunction:: musiclime.{name}")
    return lines


class OtherNames(Directive):
    """Describes every name of musiclime.__all__ that does not occur in the page's own text."""

    def run(self):
        import musiclime

        source = Path(self.state.document.settings.env.doc2path(self.state.document.settings.env.docname))
        described = set(re.findall(r"(?:musiclime|ml)\.(\w+)", source.read_text(encoding="utf-8")))
        lines = ["```{eval-rst}"]
        lines += directives_for(sorted(set(musiclime.__all__) - described))
        lines += ["```"]
        holder = nodes.container()
        self.state.nested_parse(StringList(lines, str(source)), 0, holder)
        return holder.children


def setup(app):
    app.add_directive("other-names", OtherNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
