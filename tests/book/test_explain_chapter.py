"""The chapter Explain in small: whom it chooses, and the panel that a live notebook opens."""

from pathlib import Path

import jupytext
import numpy as np
import pytest

import musiclime as ml

CHAPTER = Path(__file__).resolve().parents[2] / "notebooks" / "explain.py"
FIVE = ["hip hop", "heavy music", "rhythm music", "pop", "folk"]  # figures 5.3.1 to 5.3.5 of the thesis
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def run(last: str, **parameters) -> dict:
    """Every name of the chapter after its cells, up to the one whose source holds a text."""
    names = {"__name__": "chapter"}
    for cell in jupytext.read(CHAPTER).cells:
        if cell.cell_type != "code":
            continue
        exec(compile(cell.source, str(CHAPTER), "exec"), names)
        if "parameters" in cell.metadata.get("tags", []):
            names |= {"by_hand": 60, "samples": 150, "among": 27, **parameters}
        if last in cell.source:
            return names
    raise ValueError(f"no cell of the chapter holds {last!r}")


@pytest.fixture(scope="module")
def chapter():
    return run("chapter.panel(")


def test_the_five_genres_of_the_thesis_are_explained(chapter):
    assert chapter["chosen"] == FIVE
    for label in FIVE:
        for case, place in chapter["found_cases"][label].items():
            own, said = chapter["truth"][place], chapter["guess"][place]
            expected = {
                "true positive": own == said == label,
                "prototype": own == said == label,
                "false positive": said == label != own,
                "false negative": own == label != said,
                "surest": label not in own,
            }
            assert expected[case], (label, case, own, said)


def test_a_class_that_the_model_lacks_is_refused():
    with pytest.raises(ValueError, match="no class polka"):
        run("unknown = ", classes=["polka", "folk"])


def without(song, gone):
    """What is left of a song: sound and text without some of its features."""
    sound, text = sum(song.stems.values()).copy(), song.lyrics
    for feature in [one for one in gone if one.modality == "audio"]:
        part = slice(round(feature.start * song.sample_rate), round(feature.end * song.sample_rate))
        sound[part] -= song.stems[feature.stem][part]
    spans = [span for feature in gone if feature.modality == "lyrics" for span in feature.positions]
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + text[end:]
    return sound, text


def test_a_toggle_of_the_panel_asks_the_model(chapter):
    panel, model, label = chapter["panel"], chapter["model"], chapter["label"]
    explanation = chapter["explained"][label][chapter["case"]]
    song = ml.MusicLIME(model).prepare(chapter["song_at"](chapter["found_cases"][label][chapter["case"]]))
    strongest = explanation.top(3, label)

    def answers():
        return np.array([bar.value for bar in panel.bars])

    for count in (2, 3):  # the cell has switched off two; here the third follows
        if count == 3:
            panel.switch(strongest[2].name, on=False)
        sound, text = without(song, strongest[:count])
        assert answers() == pytest.approx(model.predict(sound[None], [text])[0], abs=1e-4)
        assert panel.picture().count("<s>") == count
    for feature in strongest:
        panel.switch(feature.name, on=True)
    assert answers() == pytest.approx(model.predict(song.audio[None], [song.lyrics])[0], abs=1e-4)
    assert "<s>" not in panel.picture()
    assert panel.picture().count("<b>") == len(explanation.features)


def test_the_sum_of_weights_moves_by_the_weight(chapter):
    panel, label = chapter["panel"], chapter["label"]
    explanation = chapter["explained"][label][chapter["case"]]
    row, [feature] = explanation.row(label), explanation.top(1, label)

    def foretold():
        return float(panel.numbers[row].value.rpartition(" ")[2])

    panel.switch(feature.name, on=True)
    before = foretold()
    panel.switch(feature.name, on=False)
    weight = explanation.weights[row][explanation.features.index(feature)]
    assert before - foretold() == pytest.approx(weight, abs=0.011)  # both are printed with two decimals
    panel.switch(feature.name, on=True)
    with pytest.raises(ValueError, match="no feature 'nobody'"):
        panel.switch("nobody", on=False)
