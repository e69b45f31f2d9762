"""What docutils, pandas and the theme write that a screen reader stumbles over, put right on each page."""

import re

FOLD = re.compile(r"(<a [^>]*>((?:(?!</a>).)*)</a><details[^>]*><summary)>", re.S)

SCROLLS = re.compile(r'<(div|figure) (?=[^>]*class="[^"]*\bml-(?:equation|wide)\b)')


def mend(app, pagename, templatename, context, doctree):
    menu = context.get("generate_toctree_html")
    if menu:
        # The arrow that unfolds the pages under a page has no words of its own.
        named = lambda found: f'{found[1]} aria-label="Pages under {re.sub("<.*?>", "", found[2])}">'  # noqa: E731
        context["generate_toctree_html"] = lambda *a, **k: FOLD.sub(named, str(menu(*a, **k)))
    body = context.get("body")
    if not body:
        return
    # The entries of a list are list items, and an empty corner of a table heads nothing.
    body = body.replace('role="doc-biblioentry"', 'role="listitem"')
    # What scrolls sideways on a phone can be reached by key.
    body = SCROLLS.sub(r'<\1 tabindex="0" ', body)
    context["body"] = re.sub(r"<th((?: [^>]*)?)>(?:\s|&nbsp;)*</th>", r"<td\1></td>", body)


def setup(app):
    app.connect("html-page-context", mend, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
