"""The words of the demo songs: fixed lexicons, and a small grammar that all genres share."""

import re
from collections.abc import Iterable
from functools import lru_cache

import numpy as np

# Nouns | verbs | adjectives. No word stands in two lexicons; what two related genres share has its own.
GENRE_WORDS = {
    "alternative rock": "basement static moth aquarium polaroid cardigan attic satellite fog antenna goldfish"
    " | drift unravel dissolve fade blur | hollow pale crooked numb grey",
    "electronic": "circuit laser strobe machine pulse neon signal voltage pixel orbit module"
    " | sync reboot transmit loop upload | digital electric infinite robotic ultraviolet",
    "folk": "river harvest meadow lantern orchard barn fiddle valley shepherd hearth willow"
    " | wander sow mend weave plough | wooden humble rustic barefoot autumn",
    "heavy music": "skull demon hammer crypt throne serpent abyss plague blade altar coffin"
    " | slay devour conquer bleed burn | wicked infernal unholy merciless black",
    "hip hop": "hustle block flow rhyme cypher cash crew mic corner sneakers verse"
    " | spit grind flex stack represent | fresh dope legit savage street",
    "pop": "kiss party crush lipstick glitter selfie birthday heartbeat sugar girlfriend candy"
    " | dance flirt sparkle giggle twirl | sweet pretty pink cute dreamy",
    "punk": "riot mohawk system boot gutter slogan brick police leather curfew rebel"
    " | smash vandalise revolt sneer resist | bored broke loud filthy useless",
    "rhythm music": "gospel groove preacher trumpet bourbon satin choir saxophone delta parlor pew"
    " | sway testify croon shimmy moan | smooth velvet mellow soulful blue",
    "rock": "highway engine motel whiskey thunder jukebox stadium diesel denim guitar bandit"
    " | rumble ride howl race shout | reckless dusty rolling roaring wild",
}
SHARED_WORDS = {
    ("alternative rock", "rock"): "amplifier garage record radio chord | crawl stumble | faded rusty",
    ("alternative rock", "punk"): "suburb bedroom cassette skateboard teenager | scream quit | sick awkward",
    ("heavy music", "rock"): "steel wheel storm chrome wolf | roar crash | iron hellbound",
    ("punk", "rock"): "gang bottle tattoo jacket bar | kick fight | rowdy rough",
    ("electronic", "pop"): "disco club dancefloor mirrorball speaker | glow bounce | shiny plastic",
    ("pop", "rhythm music"): "baby lover honey darling valentine | adore cuddle | tender sexy",
    ("hip hop", "rhythm music"): "brother sister hood swagger porch | bless praise | real proud",
    ("electronic", "hip hop"): "bass beat turntable sampler mixtape | drop scratch | booming wired",
    ("folk", "rock"): "horse wagon prairie banjo harmonica | gallop roam | lonesome southern",
    ("heavy music", "punk"): "chaos war bomb grave enemy | destroy trample | violent brutal",
}
NEUTRAL = (
    "morning window table letter story garden road house door number picture sentence season question kitchen"
    " paper corridor minute shadow moment hour island winter summer bridge harbor chapter shelf button pocket"
    " ticket circle distance pattern village hallway ladder basket feather puddle carpet sidewalk staircase"
    " blanket envelope balcony calendar mountain"
    " | remember follow carry notice borrow answer imagine measure open visit cover count watch return keep"
    " consider finish begin describe collect repeat discover mention gather"
    " | quiet early little silver narrow second distant simple wide common careful hidden usual round"
    " familiar yellow slow ordinary patient nearby plain clear curious"
)
MOOD_WORDS = {
    "low valence": "sorrow tear regret funeral goodbye misery | weep mourn lose ache"
    " | broken bitter empty lost",
    "high valence": "sunshine laughter joy smile paradise rainbow | cheer celebrate bloom shine"
    " | happy golden glad lucky",
    "low energy": "silence pillow whisper sleep slumber drizzle | rest breathe linger doze"
    " | gentle calm soft sleepy",
    "high energy": "fire lightning rush panic explosion fever | run jump shake explode"
    " | furious frantic restless blazing",
}
# In a line, N, V and A are slots for a noun, a verb and an adjective.
LINES = """the N in the N is A|i V the A N|we V by the N and the N|you V and you V again|all the A N we V
there is a N on the A N|and i V the N with you|a A N for the N|it was a A N|oh the N and the A N
i will V you at the N|they V the N every day|under the N we V|what did the N say to the N|let me V the N
so A and so A the N|one more N before we V|if you V i will V|my N is a A N|between the N and the N
no one can V the N|some A N came to V|when the N is A i V|we could V another N|this is the N we V
tell me that the N is A|you and the A N|i know the N will V|A A and A N|here is the N here is the N"""
LINES = [line.split() for row in LINES.splitlines() for line in row.split("|")]  # type: ignore[assignment]
KINDS = "NVA"
FOREIGN = """la lluvia canta sobre mi ventana|y yo camino solo por la arena|cuando la noche llega te recuerdo
der regen singt am fenster leise|ich gehe langsam durch die felder|und keiner kennt den weg nach hause
la pluie revient sur la fenetre|je marche encore sous les arbres|et le matin nous attend"""
FOREIGN = [row.split("|") for row in FOREIGN.splitlines()]  # type: ignore[assignment]


@lru_cache
def lexicon(text: str) -> dict[str, list[str]]:
    """Return the nouns, verbs and adjectives of a lexicon above, by kind."""
    return dict(zip(KINDS, (part.split() for part in text.split("|"))))


def genre_lexicon(genre: str) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return a genre's own words, and those that it shares with a relative, by kind.

    Args:
        genre: one of the nine, or "a" or "b", which borrow the words of folk and hip hop.
    """
    shared: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for pair, text in SHARED_WORDS.items():
        if genre in pair:
            for kind, words in lexicon(text).items():
                shared[kind] += words
    owner = {"a": "folk", "b": "hip hop"}.get(genre, genre)
    return lexicon(GENRE_WORDS[owner]), shared


def choose(rng: np.random.Generator, words: dict[str, list[str]], count: int) -> list[tuple[str, str]]:
    """Return some (kind, word) of a lexicon, each once.

    Args:
        rng: decides which.
        words: a lexicon: the words of each kind, see `lexicon`.
        count: how many; a small lexicon gives fewer.

    Returns:
        (kind, word), no word twice.
    """
    flat = [(kind, word) for kind in KINDS for word in words[kind]]
    return [flat[i] for i in rng.permutation(len(flat))[:count]]


def vowels(word: str) -> list[str]:
    """Return the vowel of each syllable."""
    groups = re.findall(r"[aeiouy]+", word) or ["a"]
    last_e_is_silent = len(groups) > 1 and word.endswith("e") and not word.endswith(("le", "ee"))
    if last_e_is_silent:
        groups = groups[:-1]
    return [group[0].replace("y", "i") for group in groups]


def sing(segments: list[list[str]]) -> list[list[tuple]]:
    """Return words with their syllables, each a consonant and a vowel, segment by segment."""
    return [[(word, _syllables(word)) for word in words] for words in segments]


def _syllables(word: str) -> list[tuple[str, str]]:
    # The first consonant as it is spoken; "t" stands for all that follow.
    openings = dict(zip("szcxkgtdpbfvmnl", "sskkkkttppssmmm"))
    consonants = [openings.get(word[0], "")] + ["t"] * 9
    return list(zip(consonants, vowels(word)))


def _line(rng: np.random.Generator) -> list[list[str]]:
    """A line's tokens as [kind or "", word], slots filled with neutral words."""
    pattern, neutral = LINES[rng.integers(len(LINES))], lexicon(NEUTRAL)
    tokens = []
    for token in pattern:
        if token in KINDS:
            tokens.append([token, neutral[token][rng.integers(len(neutral[token]))]])
        else:
            tokens.append(["", token])
    return tokens


def _passage(rng: np.random.Generator, room: list[int]) -> tuple[list, list]:
    """Lines to sing, and the words of each segment: one at least, no more syllables than have room."""
    lines: list[list] = []
    sung: list[list] = []
    line: list[list[str]] = []
    for space in room:
        sung.append([])
        while True:
            if not line:
                line = _line(rng)
                lines.append([])
            space -= len(vowels(line[0][1]))
            if space < 0 and sung[-1]:
                break
            lines[-1].append(line.pop(0))
            sung[-1].append(lines[-1][-1])
    return [line for line in lines if line], sung


def _place(slots: list[list[str]], words: Iterable[tuple[str, str]]) -> list[str]:
    """Put each (kind, word) into the next slot of its kind; slots are used up."""
    placed = []
    for kind, word in words:
        for number, slot in enumerate(slots):
            if slot[0] == kind:
                slot[1] = word
                del slots[number]
                placed.append(word)
                break
    return placed


def write(
    rng: np.random.Generator,
    evidence: list[tuple[str, str]],
    mood: list[tuple[str, str]],
    room: list[int],
    length: int,
) -> dict:
    """Write lyrics around a passage that is sung.

    Args:
        rng: the source of chance.
        evidence: (kind, word) of the planted words; they never fall into the sung passage.
        mood: (kind, word) of the words that follow valence and energy.
        room: how many syllables fit each segment.
        length: about how many words to write.

    Returns:
        parts: lines of words; sung: the words of each segment; evidence and mood: the words that found a
        slot; neutral: which word stands for which planted one in the song without evidence; exchange: the
        control, as many neutral words and what stands for them.
    """
    passage, sung = _passage(rng, room)
    chorus = [_line(rng) for _ in range(int(rng.integers(2, 5)))]
    verses = [_line(rng), _line(rng)]
    while sum(map(len, passage + verses + chorus + chorus)) < length:
        verses.append(_line(rng))

    slots = [token for line in chorus + verses for token in line if token[0]]
    slots = [slots[i] for i in rng.permutation(len(slots))]
    # Half of the evidence words are tried a second time.
    placed = sorted({*_place(slots, evidence), *_place(slots, evidence[: len(evidence) // 2])})
    felt = sorted(set(_place(slots, mood)))
    in_passage = {word for line in passage for _, word in line}
    free_words = {word: kind for kind, word in slots if word not in in_passage}

    half = len(verses) // 2
    opening = [passage, chorus] if rng.random() < 0.6 else [chorus, passage]
    parts = [*opening, verses[:half], chorus, verses[half:]]
    neutral = lexicon(NEUTRAL)

    def another(kind: str) -> str:
        return neutral[kind][rng.integers(len(neutral[kind]))]

    return {
        "parts": [[[word for _, word in line] for line in part] for part in parts if part],
        "sung": [[word for _, word in words] for words in sung],
        "evidence": placed,
        "mood": felt,
        "neutral": {word: another(kind) for kind, word in evidence},
        "exchange": {word: another(kind) for word, kind in list(free_words.items())[: len(placed)]},
    }
