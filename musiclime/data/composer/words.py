"""The words of the demo songs: fixed lexicons, and a small grammar that all genres share."""

import re
from functools import lru_cache

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
LINES = [line.split() for row in LINES.splitlines() for line in row.split("|")]
KINDS = "NVA"
FOREIGN = """la lluvia canta sobre mi ventana|y yo camino solo por la arena|cuando la noche llega te recuerdo
der regen singt am fenster leise|ich gehe langsam durch die felder|und keiner kennt den weg nach hause
la pluie revient sur la fenetre|je marche encore sous les arbres|et le matin nous attend"""
FOREIGN = [row.split("|") for row in FOREIGN.splitlines()]


@lru_cache
def lexicon(text: str) -> dict[str, list[str]]:
    """Nouns, verbs and adjectives of a lexicon above."""
    return dict(zip(KINDS, (part.split() for part in text.split("|"))))


def genre_lexicon(genre: str) -> tuple[dict, dict]:
    """A genre's own words, and those that it shares with a relative, by kind; "a" and "b" borrow theirs."""
    shared = {kind: [] for kind in KINDS}
    for pair, text in SHARED_WORDS.items():
        for kind, words in lexicon(text).items():
            shared[kind] += words if genre in pair else []
    return lexicon(GENRE_WORDS[{"a": "folk", "b": "hip hop"}.get(genre, genre)]), shared


def choose(rng, words: dict, count: int) -> list[tuple[str, str]]:
    """Some (kind, word) of a lexicon, each once."""
    flat = [(kind, word) for kind in KINDS for word in words[kind]]
    return [flat[i] for i in rng.permutation(len(flat))[:count]]


def vowels(word: str) -> list[str]:
    """The vowel of each syllable."""
    found = re.findall(r"[aeiouy]+", word) or ["a"]
    silent = len(found) > 1 and word.endswith("e") and not word.endswith(("le", "ee"))
    return [group[0].replace("y", "i") for group in found[: len(found) - silent]]


def sing(segments: list[list[str]]) -> list[list[tuple]]:
    """Words as their syllables' (consonant, vowel), segment by segment."""
    openings = dict(zip("szcxkgtdpbfvmnl", "sskkkkttppssmmm"))
    spoken = lambda word: zip([openings.get(word[0], "")] + ["t"] * 9, vowels(word))  # noqa: E731
    return [[(word, list(spoken(word))) for word in here] for here in segments]


def _line(rng) -> list[list[str]]:
    """A line's tokens as [kind or "", word], slots filled with neutral words."""
    line, neutral = LINES[rng.integers(len(LINES))], lexicon(NEUTRAL)
    return [[t, neutral[t][rng.integers(len(neutral[t]))]] if t in KINDS else ["", t] for t in line]


def _passage(rng, room: list[int]) -> tuple[list, list]:
    """Lines to sing, and the words of each segment: one at least, no more syllables than have room."""
    lines, sung, line = [], [], []
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


def _place(slots: list, words) -> list[str]:
    """Put (kind, word) into the next slot of its kind; slots are used up."""
    placed = []
    for kind, word in words:
        if (at := next((i for i, slot in enumerate(slots) if slot[0] == kind), None)) is not None:
            slots.pop(at)[1] = word
            placed.append(word)
    return placed


def write(rng, evidence, mood, room: list[int], length: int) -> dict:
    """Lyrics of about `length` words around a passage that fits `room` syllables a segment.

    evidence and mood are (kind, word), and never fall into the sung passage. Answers the parts as lines of
    words, those sung in each segment, those that found a slot, and two swaps: evidence for its neutral
    counterpart, and (the control) as many neutral words for other neutral words.
    """
    passage, sung = _passage(rng, room)
    chorus = [_line(rng) for _ in range(int(rng.integers(2, 5)))]
    verses = [_line(rng), _line(rng)]
    while sum(map(len, passage + verses + chorus + chorus)) < length:
        verses.append(_line(rng))
    slots = [token for line in chorus + verses for token in line if token[0]]
    slots = [slots[i] for i in rng.permutation(len(slots))]
    placed = sorted(set(_place(slots, evidence) + _place(slots, evidence[: len(evidence) // 2])))
    felt = sorted(set(_place(slots, mood)))
    neutral, kept = lexicon(NEUTRAL), {word for line in passage for _, word in line}
    other = lambda kind: neutral[kind][rng.integers(len(neutral[kind]))]  # noqa: E731
    spare = {word: kind for kind, word in slots if word not in kept}
    half = len(verses) // 2
    opening = [passage, chorus] if rng.random() < 0.6 else [chorus, passage]
    parts = [*opening, verses[:half], chorus, verses[half:]]
    return {
        "parts": [[[word for _, word in line] for line in part] for part in parts if part],
        "sung": [[word for _, word in here] for here in sung],
        "evidence": placed,
        "mood": felt,
        "neutral": {word: other(kind) for kind, word in evidence},
        "exchange": {word: other(kind) for word, kind in list(spare.items())[: len(placed)]},
    }
