"""Draws the pipelines as SVG: boxes, arrows between them. Run `python book/diagrams.py` after a change."""

from html import escape
from pathlib import Path

SOUND, WORDS, BOTH, PLAIN = "#D6E8F5", "#FBE3D3", "#D5EFE6", "#F1F3F5"
EDGE = {SOUND: "#0072B2", WORDS: "#B34A00", BOTH: "#00795A", PLAIN: "#5F6B76"}


def box(x, y, text, fill=PLAIN, w=150, h=58):
    lines = text.split("\n")
    first = y + h / 2 + 5 - 9 * (len(lines) - 1)
    rows = "".join(
        f'<text x="{x + w / 2}" y="{first + 18 * i}" text-anchor="middle">{escape(line)}</text>'
        for i, line in enumerate(lines)
    )
    frame = f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="9" fill="{fill}" stroke="{EDGE[fill]}"/>'
    return frame + rows


def arrow(*points, label=""):
    path = " ".join(f"{x},{y}" for x, y in points)
    line = f'<polyline points="{path}" fill="none" stroke="#444" stroke-width="1.6" marker-end="url(#tip)"/>'
    (x0, y0), (x1, y1) = points[0], points[-1]
    x, y = (x0 + x1) / 2, (y0 + y1) / 2 - 7
    return line + (
        f'<text class="n" x="{x}" y="{y}" text-anchor="middle">{escape(label)}</text>' if label else ""
    )


def note(x, y, text):
    return f'<text class="n" x="{x}" y="{y}">{escape(text)}</text>'


def save(name, width, height, *parts):
    body = "\n".join(parts)
    Path(__file__).with_name("_static").joinpath(f"{name}.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
        "<style>text{font:14px system-ui,sans-serif;fill:#1b1f23}.n{font-size:13px;fill:#4a5560}</style>"
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        'orient="auto-start-reverse"><path d="M0 0 10 5 0 10z" fill="#444"/></marker></defs>'
        f'<rect width="{width}" height="{height}" rx="14" fill="#fff"/>\n{body}\n</svg>\n'
    )


def late_fusion():
    save(
        "late-fusion",
        860,
        230,
        box(20, 30, "sound\n10.24 s", SOUND, 110),
        box(170, 30, "mel spectrogram\n128 x 1024", SOUND),
        box(360, 30, "AST\npooled output", SOUND),
        box(20, 140, "lyrics\n256 tokens", WORDS, 110),
        box(170, 140, "tokens", WORDS),
        box(360, 140, "RoBERTa\nfirst token", WORDS),
        box(560, 85, "join, LayerNorm", BOTH, 130),
        box(730, 85, "linear\n9 classes", BOTH, 110),
        *(arrow((x, y), (x + 40, y)) for x in (130, 320) for y in (59, 169)),
        arrow((510, 59), (560, 105)),
        arrow((510, 169), (560, 123)),
        arrow((690, 114), (730, 114)),
    )


def musiclime():
    cells = "".join(
        f'<rect x="{225 + 17 * i}" y="{40 + 17 * j}" width="14" height="14" rx="2" '
        f'fill="{SOUND if (3 * i + 5 * j) % 7 > 2 else "#fff"}" stroke="{EDGE[SOUND]}"/>'
        for i in range(10)
        for j in range(4)
    )
    words = "".join(
        f'<rect x="{225 + 29 * i}" y="{168 + 24 * j}" width="25" height="15" rx="3" '
        f'fill="{WORDS if (2 * i + 3 * j) % 5 > 1 else "#fff"}" stroke="{EDGE[WORDS]}"/>'
        for i in range(6)
        for j in range(2)
    )
    save(
        "musiclime-pipeline",
        900,
        260,
        box(20, 45, "sound", SOUND, 90),
        box(20, 163, "lyrics", WORDS, 90),
        cells,
        words,
        note(225, 128, "4 stems x 10 segments"),
        note(225, 232, "words, each kept or gone"),
        arrow((110, 74), (215, 74), label="separate, cut"),
        arrow((110, 192), (215, 192), label="split"),
        box(455, 100, "mix and join\nwhat is kept", BOTH, 125),
        box(620, 100, "model\n9 probabilities", PLAIN, 125),
        box(785, 100, "ridge:\nweights", BOTH, 105),
        arrow((402, 74), (455, 118)),
        arrow((402, 192), (455, 140)),
        arrow((580, 129), (620, 129)),
        arrow((745, 129), (785, 129)),
        note(455, 190, "thousands of variations, a coin for every piece"),
    )


def audiolime():
    save(
        "audiolime",
        880,
        150,
        box(20, 45, "sound", SOUND, 90),
        box(155, 45, "separator\n4 sources", SOUND, 120),
        box(320, 45, "cut in time\n10 segments", SOUND, 120),
        box(485, 45, "drop some,\nadd up the rest", SOUND, 130),
        box(660, 45, "model", PLAIN, 80),
        box(785, 45, "linear fit", BOTH, 85),
        *(arrow((a, 74), (b, 74)) for a, b in ((110, 155), (275, 320), (440, 485), (615, 660), (740, 785))),
        note(485, 128, "listen to the strongest parts: they are sound"),
    )


def openunmix():
    save(
        "open-unmix",
        900,
        200,
        box(20, 60, "mix, STFT\nmagnitude", SOUND, 120),
        box(175, 60, "crop, scale,\nlinear, tanh", PLAIN, 125),
        box(335, 60, "3 LSTM layers,\nboth directions", PLAIN, 140),
        box(510, 60, "2 linear layers,\nReLU", PLAIN, 130),
        box(675, 60, "mask x\nmagnitude", SOUND, 95),
        box(805, 60, "one\ntarget", SOUND, 80),
        *(arrow((a, 89), (b, 89)) for a, b in ((140, 175), (300, 335), (475, 510), (640, 675), (770, 805))),
        arrow((80, 118), (80, 165), (722, 165), (722, 120)),
        arrow((237, 60), (237, 25), (575, 25), (575, 58)),
        note(330, 185, "the mix itself, to be masked"),
        note(330, 18, "skip: the LSTM's input, beside its output"),
    )


def curation():
    save(
        "curation",
        900,
        250,
        box(20, 30, "Music4All\n109,269 songs", PLAIN, 130),
        box(195, 30, "tags to nine\ngenres + other", SOUND, 140),
        box(380, 30, "confirmed by the\nartist's genres", SOUND, 140),
        box(565, 30, "emotion from\nvalence, energy", WORDS, 140),
        box(750, 30, "drop other,\nkeep English", PLAIN, 125),
        box(195, 150, "new songs in\nrare moods", PLAIN, 140),
        box(380, 150, "English? lyrics?\npreview?", PLAIN, 140),
        box(565, 150, "63,760 songs", BOTH, 140),
        box(750, 150, "train, val, test;\nno shared artist", BOTH, 125),
        *(arrow((a, 59), (b, 59)) for a, b in ((150, 195), (335, 380), (520, 565), (705, 750))),
        arrow((335, 179), (380, 179)),
        arrow((520, 179), (565, 179)),
        arrow((812, 88), (812, 118), (635, 118), (635, 150)),
        arrow((705, 179), (750, 179)),
    )


if __name__ == "__main__":
    for draw in (late_fusion, musiclime, audiolime, openunmix, curation):
        draw()
