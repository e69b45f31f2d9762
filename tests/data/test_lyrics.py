"""Cleaning leaves what is sung; words and lines lie where they say."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import musiclime as ml
from musiclime.data.lyrics import is_instrumental, lines, words

LIKE = "You might also like"


@pytest.mark.parametrize(
    "raw, clean",
    [
        (f"I go\n{LIKE}\nYou stay", "I go\n\nYou stay"),
        (f"I go\n{LIKE}Bring it back", "I go\n\nBring it back"),
        (f"I go\n{LIKE}[Chorus]\nLa la", "I go\n\nLa la"),
        (f"all night{LIKE}[Verse 2]\nLa la", "all night\n\nLa la"),
        (f"all night{LIKE}", "all night"),
        (f"all night {LIKE}Bring it", "all night \nBring it".replace(" \n", "\n")),
        (f"{LIKE}(Ooh) yes", "(Ooh) yes"),
        (f"I go\n{LIKE}“Hey” she said", "I go\n\n“Hey” she said"),
        ("[Verse 1: A & B]\nI go", "I go"),
        ("[Pre-Chorus]I go[Outro]", "I go"),
        ("Chorus:\nI go\n(Bridge)\nVerse 2:\nx", "I go\n\nx"),
        ("I go [x2]\nhome", "I go\n\nhome"),
        ("3 ContributorsMy Song Lyrics[Verse 1]\nI go", "I go"),
        ("47 ContributorsTranslationsEspañolTürkçeMy Song LyricsI go\nhome", "I go\nhome"),
        ("1 Contributor\nTranslations\nEspañol\nMy Song Lyrics\nI go", "I go"),
        ("My Song Lyrics\n[Verse 1]\nI go", "I go"),
        ("I go12Embed", "I go"),
        ("I go\n1.2KEmbed", "I go"),
        ("I goEmbed", "I go"),
        ("I go\nEmbed", "I go"),
        ("I goEmbedShare URLCopyEmbedCopy", "I go"),
        ("See A Band LiveGet tickets as low as $38You might also likeI go", "I go"),
        ("\ufeffI\u200b go\u200d on\u2060", "I go on"),
        ("I go\r\nhome\r\n\r\n\r\n\r\nnow\u00a0then", "I go\nhome\n\nnow then"),
    ],
)
def test_what_a_site_adds_goes(raw, clean):
    assert ml.clean_lyrics(raw) == clean


@pytest.mark.parametrize(
    "sung",
    [
        "Baby, you might also like the way I move",
        f"{LIKE} the way I move",
        f"Oh {LIKE} me, honey",
        f"{LIKE}, baby",
        f'She said "{LIKE}" and left',
        f"{LIKE}n me to a rose",
        "I let the thorns Embed",
        "let it embed",
        "We crossed a bridge\nand I was hooked on verse",
        "Bridge over water",
        "Part of me\nTag along\nDrop it",
        "[laughs] I told you so",
        "12 contributors to my pain",
        "I read the lyrics\nSong Lyrics are all I know",
        "می\u200cروم به خانه",
        "👩\u200d🎤 sings",
        "(ooh) I know (I know)",
        "",
    ],
)
def test_what_is_sung_stays(sung):
    assert ml.clean_lyrics(sung) == sung


pieces = st.sampled_from(
    [
        LIKE,
        "[Chorus]",
        "[",
        "]",
        "Embed",
        "12",
        "Lyrics",
        "3 Contributors",
        "Translations",
        "\n",
        " ",
        "love",
        "Bring",
    ]
    + [
        "Chorus:",
        "(Bridge)",
        "\u200b",
        "\u200d",
        "\r",
        "you",
        "Live",
        "Get tickets as low as $3",
        "See ",
        "x2",
        ".",
    ]
)


@given(st.lists(pieces | st.text(max_size=3), max_size=25).map("".join))
@example(f"You might aYou might also like\nlso likeB {LIKE}")
@example("12Embed12Embed")
def test_cleaning_twice_changes_nothing(text):
    once = ml.clean_lyrics(text)
    assert ml.clean_lyrics(once) == once
    assert len(once) <= len(text)


def test_lyrics_must_be_text():
    with pytest.raises(ValueError, match="lyrics are text"):
        ml.clean_lyrics(None)


def test_cleaning_time_grows_with_length_not_faster():
    import time

    def seconds(count):
        text = "12 Contributors " + "I walk [the (line and " * count
        start = time.process_time()
        ml.clean_lyrics(text)
        return time.process_time() - start

    seconds(10)
    assert seconds(4000) < 2


@given(st.text() | st.lists(pieces, max_size=20).map("".join))
def test_words_and_lines_lie_where_they_say(text):
    end = 0
    for name, start, stop in words(text):
        assert end <= start < stop
        assert [word for word, _, _ in words(text[start:stop])] == [name]
        assert any(letter.isalnum() for letter in text[start:stop])
        assert not any(letter.isspace() for letter in text[start:stop])
        end = stop
    found = lines(text)
    assert [line for line, _, _ in found] == [line.strip() for line in text.splitlines() if line.strip()]
    assert all(text[start:stop] == line for line, start, stop in found)


@pytest.mark.parametrize(
    "text, names",
    [
        ("Don’t STOP, don't", ["don't", "stop", "don't"]),
        ("rock'n'roll runnin' 'cause", ["rock'n'roll", "runnin", "cause"]),
        ("café cafe\u0301 CAFÉ", ["café"] * 3),
        ("שלום עולם צה״ל", ["שלום", "עולם", "צה״ל"]),
        ("हिन्दी गीत", ["हिन्दी", "गीत"]),
        ("می\u200cروم", ["می\u200cروم"]),
        ("Straße 24/7 😀 — …", ["strasse", "24", "7"]),
        ("boom-boom under_score", ["boom", "boom", "under", "score"]),
        ("", []),
    ],
)
def test_what_a_word_is(text, names):
    assert [name for name, _, _ in words(text)] == names


def test_instrumentals_are_told_apart():
    for text in ("", "INSTRUMENTAL", "Instrumental.", "[instrumental]", "  \n"):
        assert is_instrumental(text), text
    assert not is_instrumental("instrumental in my fall")
