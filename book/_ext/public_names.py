"""The directive {other-names}: describes the public names that no page of the reference describes yet."""

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
    """Describes the names of musiclime.__all__ that no page of the reference (api*.md beside this) names."""

    def run(self):
        import musiclime

        source = Path(self.state.document.settings.env.doc2path(self.state.document.settings.env.docname))
        described = set()
        for page in source.parent.glob("api*.md"):
            described |= set(re.findall(r"(?:musiclime|ml)\.(\w+)", page.read_text(encoding="utf-8")))
        lines = ["```{eval-rst}"]
        lines += directives_for(sorted(set(musiclime.__all__) - described))
        lines += ["```"]
        holder = nodes.container()
        self.state.nested_parse(StringList(lines, str(source)), 0, holder)
        return holder.children


def setup(app):
    app.add_directive("other-names", OtherNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
