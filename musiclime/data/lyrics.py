"""Lyrics as text: cleaning away what a lyrics site adds, and the words and lines that can be muted."""

import re
import unicodedata
from functools import cache

# What a section of a song is called.
_SECTION = (
    r"(?:(?:pre|post)[- ]?)?(?:verse|chorus|hook|bridge|intro|outro|refrain|interlude|instrumental|drop|tag|"
    r"break(?:down)?|build(?:[- ]?up)?|(?:guitar |drum |piano |sax )?solo|part|skit|spoken(?: word)?|coda|"
    r"segue|sample|ad[- ]?libs?|produced by|vers[eo]|coro|couplet|strophe|estribillo|refr[aã]o|puente)\b"
)
# A link of the lyrics site, unless a longer word begins with "like".
_LIKE = r"You might also like(?!(?:s|d|n|ly|ness|ning|ned|ns|wise|able)\b)"
_COUNT = r"(?:\d[\d.,]{0,12}K?)?"
# Pattern and replacement, one after the other.
# Written so that no 100,000 letters of anything take longer than seconds: a run is tried from its start only.
_PASSES = [
    # Zero-width characters; joiners stay between letters of scripts, and emoji, that need them.
    (r"[\0\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]", ""),
    (r"([\u200c\u200d])[\u200c\u200d]+", r"\1"),
    (r"[\u200c\u200d](?![\u0300-\U0010ffff])|(?<![\u0300-\U0010ffff])[\u200c\u200d]", ""),
    (r"\r\n?|[\u2028\u2029\x0b\x0c\x85]", "\n"),
    (r"[\u00a0\u2000-\u200a\u202f]", " "),
    # "47 ContributorsTranslationsEspañolSong Title Lyrics", on one line or one item a line.
    (
        r"\A\s*\d+\s?Contributors?(?:[^\n]*?\bLyrics|[^\S\n]*\n\s*Translations[^\n]*(?:\n[^\n]*){0,12}?\bLyrics)",
        "\n",
    ),
    (r"\A\s*\d+\s?Contributors?(?:Translations[^\n]*)?(?=\n|\Z)", ""),
    (r"\A\s*Translations[^\n]*?\bLyrics(?=\[|\n|\Z)", ""),
    (rf"(?i:\A[^\n\[]{{1,100}} (?-i:Lyrics)\s*(?=\[{_SECTION}))", ""),
    (r"See [^\n]{1,60}? Live\s?Get tickets as low as \$\d+", "\n"),
    # The site's link: alone on its line, glued to the text around it, or both. Sung, it stands among spaces.
    (rf"{_LIKE}(?=[A-ZÀ-Þ\[])", "\n"),
    (rf"(?m:(?:^|(?<=[\w)\].,!?]))(?:[ \t]*{_LIKE})+(?=[\w(\"“'‘]|[ \t]*$))", "\n"),
    # Section tags: any bracket alone on its line; elsewhere only brackets that name a section or a repeat.
    (r"(?m:^[ \t]*\[[^\[\]\n]*\][ \t]*$)", ""),
    (rf"(?i:(?:(?<![ \t])[ \t]+)?\[\s*(?:{_SECTION}|x\s?\d+\]|\d+x\])[^\[\]\n]*\]?[ \t]*)", "\n"),
    (rf"(?im:^[ \t]*\(\s*{_SECTION}[^()\n]{{0,40}}\)[ \t]*$)", ""),
    (rf"(?im:^[ \t]*{_SECTION}[ \t]*+\d*[ \t]*(?::|\(?x[ \t]?\d+\)?)[ \t]*$)", ""),
    (rf"(?:(?:(?<=\S){_COUNT}|(?:^|(?<=\n))[ \t]*{_COUNT})Embed(?:Share URLCopyEmbedCopy)?\s*)+\Z", ""),
    (r"(?<![ \t])[ \t]+(?=\n)", ""),
    (r"\n{3,}", "\n\n"),
]
_COMPILED = [(re.compile(pattern), new) for pattern, new in _PASSES]


def clean_lyrics(text: str) -> str:
    """Remove section tags and what a lyrics site adds. Cleaning twice changes nothing more.

    Args:
        text: lyrics as they were copied.

    Returns:
        What is sung.

    Example:
        >>> clean_lyrics("[Chorus]\\nI goYou might also likeBring it12Embed")
        'I go\\nBring it'

    (chapter *Curation*)
    """
    if not isinstance(text, str):
        raise ValueError(f"lyrics are text, not {type(text).__name__}: read the file first")
    before = None
    while text != before:  # Removing one thing can join the halves of another.
        before = text
        for pattern, new in _COMPILED:
            text = pattern.sub(new, text)
        text = text.strip()
    return text


def is_instrumental(text: str) -> bool:
    """Return whether a lyrics file says only that there are none, as Music4All's do (chapter *Curation*)."""
    return re.sub(r"[\W_]+", " ", text).strip().casefold() in (
        "",
        "instrumental",
        "this song is an instrumental",
    )


@cache
def _word_pattern() -> re.Pattern:
    # Python's \w leaves out combining marks, without which Hindi or a decomposed é falls apart.
    codes = [*range(0x300, 0x20000), *range(0xE0100, 0xE01F0)]
    marks = "".join(chr(code) for code in codes if unicodedata.category(chr(code))[0] == "M")
    letter = rf"[^\W_][{marks}]*"
    # Apostrophes, Hebrew geresh and zero-width joiners hold a word together from within.
    return re.compile(rf"(?:{letter})+(?:['’‘ʼ＇׳״\u200c\u200d](?:{letter})+)*")


def words(text: str) -> list[tuple[str, int, int]]:
    """Find every word and where it stands; case is folded, contractions stay whole.

    Args:
        text: lyrics.

    Returns:
        (name, start, end) of each word. The name is what all occurrences share: "Don’t" and "don't" are one
        feature. Apostrophes at a word's border, punctuation and emoji are no part of any word: they stay in
        the text whatever is muted.

    Example:
        >>> words("Don’t stop!")
        [("don't", 0, 5), ('stop', 6, 10)]

    (chapter *Explain*)
    """
    return [(_name_of(match.group()), *match.span()) for match in _word_pattern().finditer(text)]


def _name_of(word: str) -> str:
    plain_apostrophes = re.sub("[’‘ʼ＇]", "'", word)
    return unicodedata.normalize("NFC", plain_apostrophes).casefold()


def lines(text: str) -> list[tuple[str, int, int]]:
    """Find every line that is not blank and where it stands.

    Args:
        text: lyrics.

    Returns:
        (line, start, end) of each, without blanks at its ends.

    Example:
        >>> lines("I go\\n\\nhome")
        [('I go', 0, 4), ('home', 6, 10)]

    (chapter *Explain*)
    """
    found, position = [], 0
    for line in text.splitlines(keepends=True):
        stripped = line.strip()
        if stripped:
            start = position + line.index(stripped)
            found.append((stripped, start, start + len(stripped)))
        position += len(line)
    return found
