"""Nine styles as tables: what each player may play in an evidence cell; the neutral pool plays the rest."""

from ..song import STEMS

# A bar is sixteen steps: x loud, o soft, r a roll, . nothing.
GROOVES = {
    "plain": {"kick": "x.......x.......", "snare": "....x.......x...", "hat": "o...o...o...o..."},
    "eighths": {"kick": "x.....x.x.......", "snare": "....x.......x...", "hat": "o.o.o.o.o.o.o.o."},
    "toms": {"kick": "x.......x.......", "tom": "...o..x....o..x.", "shaker": "o...o...o...o..."},
    "shaken": {"kick": "x...o...x...o...", "shaker": "o.o.o.o.o.o.o.o.", "tom": "....o.......o..."},
    "backbeat": {
        "rock kick": "x.....x.x.x.....",
        "rock snare": "....x.......x...",
        "hat": "x.x.x.x.x.x.x.x.",
    },
    "driving": {
        "rock kick": "x.x...x.x.x...x.",
        "rock snare": "....x.......x...",
        "open": "x...x...x...x...",
    },
    "ringing": {
        "rock kick": "x..x......xx....",
        "rock snare": "....x..o....x..o",
        "ride": "x.x.x.x.x.x.x.x.",
    },
    "skank": {"rock kick": "x.x.x.x.x.x.x.x.", "rock snare": ".x.x.x.x.x.x.x.x", "open": "x...x...x...x..."},
    "blast": {
        "click kick": "xxxxxxxxxxxxxxxx",
        "rock snare": "x.x.x.x.x.x.x.x.",
        "crash": "x.......x.......",
    },
    "double": {
        "click kick": "xxxxxxxxxxxxxxxx",
        "rock snare": "....x.......x...",
        "crash": "x...x...x...x...",
    },
    "house": {"house kick": "x...x...x...x...", "open": "..x...x...x...x.", "zap": "....x..x....x..x"},
    "broken": {"house kick": "x..x......x..x..", "zap": "....x..x.o..x...", "tick": "xxxxxxxxxxxxxxxx"},
    "trap": {"deep kick": "x.....x...x.....", "clap": "........x.......", "tick": "x.xrx.x.rrx.x.xr"},
    "boom-bap": {"deep kick": "x..x...x..x.....", "snap": "....x.......x...", "tick": "x.x.x.x.x.x.x.x."},
    "claps": {"house kick": "x...x...x...x...", "clap": "....x.......x..x", "snap": "..x...x...x...x."},
    "stomp": {"stomp": "x...x...x...x...", "tambourine": "..x...x...x...x."},
    "brushes": {"brush": "x.o.x.o.x.o.x.o.", "rim": "....x.......x..."},
    "shuffle": {"brush": "x..ox..ox..ox..o", "ride": "x..xx..xx..xx..x", "rim": "....x.......x..."},
}
# Instrument, steps of the scale above the chord's root (8 the octave), length of a note in steps.
BASSES = {
    "roots": ("finger", "1.......1.......", 8),
    "fifths": ("finger", "1.....1.5.......", 8),
    "steady": ("finger", "1...1...1...1...", 4),
    "answer": ("finger", "1...5...8...5...", 4),
    "pumping": ("grind", "1.1.1.1.1.1.1.1.", 2),
    "riff": ("pick", "1..1..3.5.3.1...", 2),
    "fuzz": ("fuzz", "1.....8.5.....3.", 6),
    "chug": ("grind", "1111111111111111", 1),
    "gallop": ("fuzz", "1.111.111.111.11", 1),
    "offbeat": ("synthbass", "..1...1...1...1.", 2),
    "acid": ("synthbass", "1811518113581158", 1),
    "octaves": ("synthbass", "1.8.1.8.1.8.1.8.", 2),
    "glide": ("glide", "1.....1...5.....", 8),
    "slap": ("slap", "1..8..5.1.8..85.", 1),
    "walking": ("upright", "1...3...5...6...", 4),
    "two": ("upright", "1.......5.......", 8),
}
# Instrument, rhythm or digits, length in steps, and how the chord is played: block, arp, line, or root alone.
RIFFS = {
    "chords": ("piano", "x.......x.......", 8, "block"),
    "broken-chords": ("piano", "1.3.5.3.1.3.5.3.", 3, "line"),
    "strum": ("nylon", "x..ox...x..ox...", 4, "block"),
    "nylon-arp": ("nylon", "1...3...5...8...", 4, "line"),
    "strings": ("strings", "x...............", 16, "block"),
    "answer": ("strings", "....x.......x...", 8, "block"),
    "crunch": ("crunch", "x..xx.x.x..xx.x.", 2, "root"),
    "blues-riff": ("crunch", "1.1.5.6.1.1.8.6.", 2, "line"),
    "jangle": ("jangle", "1.5.8.5.3.5.8.5.", 6, "line"),
    "wash": ("jangle", "x.x.x.x.x.x.x.x.", 3, "block"),
    "power": ("buzz", "xxxxxxxxxxxxxxxx", 1, "root"),
    "stop": ("buzz", "x.x.x.....x.x.x.", 2, "root"),
    "palm-mute": ("metal", "x.xxx.xxx.xxx.xx", 1, "root"),
    "tremolo": ("metal", "8888888866665555", 1, "line"),
    "arpeggio": ("arp", "1358135813581358", 1, "line"),
    "stabs": ("supersaw", "x..x..x...x..x..", 2, "block"),
    "sample": ("sample", "x.....x...x.....", 5, "block"),
    "bells": ("bells", "8..5..3...8.5...", 6, "line"),
    "organ": ("organ", "x...x.x...x.x...", 2, "block"),
    "horns": ("stab", "...x..x....x.x..", 1, "block"),
    "picking": ("steel", "1.5.3.8.1.5.3.8.", 3, "line"),
    "fiddle": ("bow", "8.6.5.3.5.6.8...", 2, "line"),
    "plucks": ("bells", "x..x..x.x..x..x.", 2, "block"),
}
# What each player may play, in the order of the stems. What two relatives share stands in both rows, so that
# mistakes can be musical. Recipes above that no row names are for styles of your own. "a" and "b" are the
# motifs of the two-class sets.
ROWS = {
    "neutral": "plain | plain eighths toms shaken | roots fifths steady answer"
    " | chords broken-chords strum nylon-arp strings answer",
    "alternative rock": "air | ringing driving | fuzz | jangle",
    "electronic": "robot | house | acid | arpeggio",
    "folk": "held | stomp | two | picking",
    "heavy music": "growl | blast | gallop | palm-mute",
    "hip hop": "rap | trap | glide | sample",
    "pop": "double | claps | offbeat | plucks",
    "punk": "shout | skank | chug | power",
    "rhythm music": "soul | shuffle | slap | organ",
    "rock": "rasp | backbeat driving | riff | crunch",
    "a": "held | shuffle | walking | organ",
    "b": "rap | house | acid | arpeggio",
}
STYLES = {name: dict(zip(STEMS, (part.split() for part in row.split("|")))) for name, row in ROWS.items()}
# Chance of no evidence cell, mean number of cells; chance of no evidence word, mean number of words.
SHARES = {
    "alternative rock": (0.05, 5, 0.3, 4),
    "electronic": (0.05, 6, 0.35, 3),
    "folk": (0.15, 5, 0.2, 4),
    "heavy music": (0.05, 5, 0.2, 4),
    "hip hop": (0.35, 3, 0.0, 7),
    "pop": (0.1, 5, 0.25, 4),
    "punk": (0.0, 6, 0.55, 2),
    "rhythm music": (0.1, 5, 0.2, 4),
    "rock": (0.05, 5, 0.3, 4),
}
