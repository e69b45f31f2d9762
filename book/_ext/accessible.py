"""Puts right what docutils, pandas and the theme write that a screen reader stumbles over."""

import re

# What scrolls sideways on a phone.
SCROLLS = re.compile(r'<(div|figure) (?=[^>]*class="[^"]*\bml-(?:equation|wide)\b)')
EMPTY_HEADER = re.compile(r"<th((?: [^>]*)?)>(?:\s|&nbsp;)*</th>")


def mend(app, pagename, templatename, context, doctree):
    body = context.get("body")
    if not body:
        return
    # The entries of a list of references are list items.
    body = body.replace('role="doc-biblioentry"', 'role="listitem"')
    # What scrolls sideways can be reached by key.
    body = SCROLLS.sub(r'<\1 tabindex="0" ', body)
    # An empty corner of a table is no header of anything.
    context["body"] = EMPTY_HEADER.sub(r"<td\1></td>", body)


def setup(app):
    app.connect("html-page-context", mend, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
