"""Lets the builders of PDF and EPUB draw what extensions taught only the builder of pages to draw."""


def share_handlers(app):
    handlers = app.registry.translation_handlers
    for name in ("singlehtml", "epub"):
        handlers[name] = {**handlers.get("html", {}), **handlers.get(name, {})}


def setup(app):
    app.connect("builder-inited", share_handlers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
