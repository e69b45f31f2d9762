"""Formulas as MathML, which every browser draws by itself: no script, no font, no network."""

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number


def mathml(node, display: str) -> str:
    tex = node.astext().replace("{aligned}", "{align*}").replace("{align}", "{align*}")
    markup = convert(tex, display=display)
    if "<mi>\\" in markup or "<mi>&</mi>" in markup or "<merror" in markup:
        logging.getLogger(__name__).warning("this formula has no MathML: %s", tex, location=node)
    return markup


def inline(page, node):
    page.body.append(f'<span class="math">{mathml(node, "inline")}</span>')
    raise nodes.SkipNode


def block(page, node):
    page.body.append(page.starttag(node, "div", CLASS="math ml-equation"))
    page.body.append(mathml(node, "block"))
    if node.get("number"):
        page.body.append(f'<span class="eqno">({get_node_equation_number(page, node)})')
        page.add_permalink_ref(node, "Link to this equation")
        page.body.append("</span>")
    page.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    app.config.html_math_renderer = "mathml"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
