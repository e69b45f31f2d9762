"""One reading order for the site: menu, arrows, the line "Next", the switch between variants of a chapter.

`_toc.yml` is the one source. A chapter that is run for each task and modality has one entry in the menu, that
of its first variant. The others lie under it in `_toc.yml`; a switch at the top of each leads to all of them.
"""

import re

VARIANT = re.compile(r"^runs/([\w-]+?)-(genre|emotion)-(multimodal|audio|lyrics)$")
FIRST_VARIANT = ("genre", "multimodal")
MODALITY_NAMES = {"multimodal": "sound and lyrics", "audio": "sound only", "lyrics": "lyrics only"}
HANDWRITTEN_SECTION = re.compile(r'(<section id="next[\w-]*">\s*<h2>Next.*?</h2>)(.*?)(</section>)', re.S)
HANDWRITTEN_LINE = re.compile(r"<p><strong>Next[.:]?</strong>(?:(?!</p>).)*</p>", re.S)


def is_hidden_variant(page: str) -> bool:
    """Whether a page is a variant of a chapter that is reached by the switch alone."""
    found = VARIANT.match(page)
    return bool(found) and (found[2], found[3]) != FIRST_VARIANT


def first_variant(page: str) -> str:
    """The page of the same chapter that has the entry in the menu; a page without variants is its own."""
    found = VARIANT.match(page)
    return f"runs/{found[1]}-genre-multimodal" if found else page


def pages_in_order(children: dict[str, list[str]], page: str) -> list[str]:
    """A page and all pages under it, depth first, as the arrows lead through them."""
    order = [page]
    for child in children.get(page, []):
        if not is_hidden_variant(child):
            order += pages_in_order(children, child)
    return order


def neighbours(children: dict[str, list[str]], root: str, page: str) -> tuple[str | None, str | None]:
    """The pages before and after a page. A hidden variant has those of its chapter's first variant."""
    order = pages_in_order(children, root)
    page = first_variant(page)
    if page not in order:
        return None, None
    place = order.index(page)
    before = order[place - 1] if place > 0 else None
    after = order[place + 1] if place + 1 < len(order) else None
    return before, after


def with_next_line(body: str, line: str) -> str:
    """The page's HTML with the line "Next" at its end, in place of what was written there by hand."""
    section = HANDWRITTEN_SECTION.search(body)
    if section:
        return body[: section.end(1)] + line + body[section.start(3) :]
    written = list(HANDWRITTEN_LINE.finditer(body))
    if written:
        return body[: written[-1].start()] + line + body[written[-1].end() :]
    return body + line


def switch(page: str, pages: set[str], link) -> str:
    """Links between the variants of a chapter, one row a task; nothing for a chapter without variants."""
    found = VARIANT.match(page)
    if not found:
        return ""
    rows = []
    for task in ("genre", "emotion"):
        links = []
        for modality, name in MODALITY_NAMES.items():
            goal = f"runs/{found[1]}-{task}-{modality}"
            if goal == page:
                links.append(f'<a href="#" aria-current="page">{name}</a>')
            elif goal in pages:
                links.append(f'<a href="{link(goal)}">{name}</a>')
        if links:
            rows.append(f"<li><span>{task}</span>{''.join(links)}</li>")
    label = "This chapter for the other tasks and modalities"
    return f'<nav class="ml-variants" aria-label="{label}"><ul>{"".join(rows)}</ul></nav>'


def after_title(body: str, text: str) -> str:
    """The page's HTML with a text below its title, and below the badges where there are some."""
    badges = re.search(r'<p class="ml-badges">.*?</p>', body, re.S)
    place = badges.end() if badges else body.find("</h1>") + len("</h1>")
    return body[:place] + text + body[place:]


def arrange(app, pagename, templatename, context, doctree):
    """Give a page its arrows, its menu, its switch and its last lines."""
    # The menu lists chapters; the pages under a chapter are listed on its own page.
    context["theme_max_navbar_depth"] = 1
    if app.builder.name != "html" or doctree is None or not context.get("body"):
        return
    environment, root = app.env, app.config.root_doc
    children = environment.toctree_includes

    def link(goal: str) -> str:
        return app.builder.get_relative_uri(pagename, goal)

    def title(goal: str) -> str:
        return app.builder.render_partial(environment.titles[goal])["title"]

    before, after = neighbours(children, root, pagename)
    context["prev"] = before and {"link": link(before), "title": title(before)}
    context["next"] = after and {"link": link(after), "title": title(after)}

    body = context["body"]
    below = [page for page in children.get(pagename, []) if not is_hidden_variant(page)]
    lines = ""
    if below and pagename != root:
        links = ", ".join(f'<a href="{link(page)}">{title(page)}</a>' for page in below)
        lines += f'<p class="ml-more"><strong>More on this:</strong> {links}.</p>'
    if after:
        lines += f'<p class="ml-next"><strong>Next:</strong> <a href="{link(after)}">{title(after)}</a></p>'
    if lines and pagename != root:
        body = with_next_line(body, lines)
    variants = switch(pagename, environment.found_docs, link)
    if variants:
        body = after_title(body, variants)
    context["body"] = body


def setup(app):
    app.connect("html-page-context", arrange, priority=800)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
