// The listening study. trials.js names the songs; the seed decides who gets which help, which change, in which
// order. Nothing is sent anywhere: the listener saves the answers as a file at the end.
(() => {
	"use strict";

	const AIDS = ["song", "explanation", "random"]; // what a listener is shown: no weights, the true ones, shuffled ones
	const RAMP_SECONDS = 0.004; // a sound that is cut off at once is heard as a click
	const STRONGEST_CELLS = 8; // how many cells "only what mattered" plays
	const STRONGEST_WORDS = 5; // how many words are listed for and against

	const songs = window.musiclimeTrials || [];
	const main = document.getElementById("main");

	// The state of one study.
	const rows = []; // the answers so far
	let seed;
	let listener;
	let began;
	let context; // the AudioContext, made at the first press of Play
	let playing = null; // what sounds now: { node, button, label }

	// ---- Building the page ----

	/** An element with attributes (onclick and the like are listeners) and children. */
	function element(tag, attributes = {}, ...children) {
		const node = document.createElement(tag);
		for (const [name, value] of Object.entries(attributes)) {
			if (name.startsWith("on")) {
				node.addEventListener(name.slice(2), value);
			} else if (value !== undefined && value !== false) {
				node.setAttribute(name, value);
			}
		}
		node.append(...children);
		return node;
	}

	/** Show a new step of the study in place of the old one. */
	function show(title, ...children) {
		stopSound();
		const heading = element("h1", { tabindex: -1 }, title);
		main.replaceChildren(heading, ...children);
		heading.focus();
		scrollTo(0, 0);
	}

	/** A question with radio buttons; options are pairs of a value and its text. */
	function question(name, text, options) {
		const legend = element("legend", {}, text);
		const choices = options.map(([value, label]) => {
			const input = element("input", { type: "radio", name, value, required: "" });
			return element("label", {}, input, label);
		});
		return element("fieldset", {}, legend, ...choices);
	}

	function askBeforeLeaving(event) {
		event.preventDefault();
	}

	// ---- Chance that can be repeated: the same seed deals the same study on every machine ----

	/** A function that returns the next number between 0 and 1. */
	function dice(start) {
		let state = start;
		return () => {
			state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
			const mixed = (state ^ (state >>> 15)) >>> 0;
			return mixed / 2 ** 32;
		};
	}

	function shuffled(list, roll) {
		const out = [...list];
		for (let last = out.length - 1; last > 0; last--) {
			const other = Math.floor(roll() * (last + 1));
			[out[last], out[other]] = [out[other], out[last]];
		}
		return out;
	}

	/** The positions of a song's features that are cells of sound. */
	function cellsOf(song) {
		return [...song.features.keys()].filter((f) => song.features[f].modality === "audio");
	}

	/** The positions of a song's features that are words. */
	function wordsOf(song) {
		return [...song.features.keys()].filter((f) => song.features[f].modality !== "audio");
	}

	/** A song's weights dealt anew, among cells and among words. */
	function shuffledWeights(song, roll) {
		const weights = [...song.weights];
		for (const features of [cellsOf(song), wordsOf(song)]) {
			const sources = shuffled(features, roll);
			for (let i = 0; i < features.length; i++) {
				weights[features[i]] = song.weights[sources[i]];
			}
		}
		return weights;
	}

	function weightsFor(aid, song, roll) {
		if (aid === "song") return null;
		if (aid === "random") return shuffledWeights(song, roll);
		return [...song.weights];
	}

	/** The trials of one listener. A Latin square: over three seeds in a row each song meets each aid, over six
	 *  seeds each aid with each change. */
	function deal() {
		const trials = songs.map((song, number) => {
			const roll = dice(Math.imul(seed, 7919) + number);
			const aid = AIDS[(number + seed) % 3];
			const flips = (Math.floor(number / 3) + Math.floor(seed / 3)) % 2 === 0;
			return { song, aid, weights: weightsFor(aid, song, roll), change: song.changes[flips ? 1 : 0] };
		});
		return shuffled(trials, dice(seed));
	}

	// ---- Sound ----

	/** Load the script that holds a song's stems: a page opened from disk may not fetch files. */
	function loadSound(sound) {
		return new Promise((resolve, reject) => {
			document.head.append(element("script", { src: sound.src, onload: resolve, onerror: reject }));
		});
	}

	/** One stem as samples, from its MP3 in base64. */
	async function decodeStem(text, track, sound, decoder) {
		const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
		const decoded = (await decoder.decodeAudioData(bytes.buffer)).getChannelData(0);
		// A decoder that leaves the encoder's delay in returns more samples than were put in.
		const hasDelay = decoded.length > sound.samples + sound.lead / 2;
		const first = hasDelay ? sound.lead : 0;
		return decoded.slice(first, first + sound.samples).map((sample) => sample * track.scale);
	}

	async function decodeStems(sound) {
		if (!sound.mp3) await loadSound(sound);
		const texts = sound.mp3 || window.musiclimeSound[sound.key];
		const decoder = new OfflineAudioContext(1, 1, sound.rate);
		return Promise.all(texts.map((text, i) => decodeStem(text, sound.tracks[i], sound, decoder)));
	}

	/** A song's stems, decoded once. After a failure the next press tries again. */
	function stemsOf(sound) {
		if (!sound.ready) {
			sound.ready = decodeStems(sound).catch((error) => {
				delete sound.ready;
				throw error;
			});
		}
		return sound.ready;
	}

	function stemNames(song) {
		return [...new Set(cellsOf(song).map((f) => song.features[f].stem))];
	}

	/** How loud a stem should be at each sample: 0 in its muted cells, 1 elsewhere. */
	function gainsOf(song, stemName, mutedCells, length) {
		const gains = new Float32Array(length).fill(1);
		for (const f of mutedCells) {
			const { stem, start, end } = song.features[f];
			if (stem === stemName) {
				gains.fill(0, Math.round(start * song.sound.rate), Math.round(end * song.sound.rate));
			}
		}
		return gains;
	}

	/** Add a stem to a mix; its loudness follows the gains in short ramps. */
	function addStem(out, stem, gains, longestStep) {
		let gain = gains[0];
		for (let t = 0; t < stem.length; t++) {
			const step = Math.min(longestStep, Math.max(-longestStep, gains[t] - gain));
			gain += step;
			out[t] += gain * stem[t];
		}
	}

	/** The samples of a song in which some cells are muted. */
	async function mix(song, mutedCells) {
		const { sound } = song;
		const out = new Float32Array(sound.samples);
		const names = stemNames(song);
		const stems = await stemsOf(sound);
		for (let i = 0; i < stems.length; i++) {
			const name = names[sound.tracks[i].row];
			const gains = gainsOf(song, name, mutedCells, stems[i].length);
			addStem(out, stems[i], gains, 1 / (RAMP_SECONDS * sound.rate));
		}
		return out;
	}

	function stopSound() {
		if (!playing) return;
		playing.node.onended = null;
		playing.node.stop();
		playing.button.textContent = `Play ${playing.label}`;
		playing = null;
	}

	function startSound(samples, rate, button, label) {
		const buffer = new AudioBuffer({ length: samples.length, sampleRate: rate });
		buffer.copyToChannel(samples, 0);
		const node = new AudioBufferSourceNode(context, { buffer });
		node.connect(context.destination);
		node.onended = stopSound;
		node.start();
		button.textContent = `Stop ${label}`;
		playing = { node, button, label };
	}

	/** A button that plays a song with some cells muted, and counts how often it was pressed. */
	function playButton(label, song, mutedCells, trial) {
		const button = element("button", { type: "button" }, `Play ${label}`);
		button.addEventListener("click", async () => {
			const wasPlaying = playing !== null && playing.button === button;
			stopSound();
			if (wasPlaying) return;
			if (!context) context = new AudioContext();
			context.resume();
			let samples;
			try {
				samples = await mix(song, mutedCells);
			} catch {
				button.textContent = "The sound could not be loaded";
				return;
			}
			// While the mix was made, the listener may have gone on or pressed another button.
			if (!button.isConnected || playing) return;
			startSound(samples, song.sound.rate, button, label);
			trial.plays[label] = (trial.plays[label] || 0) + 1;
		});
		return button;
	}

	// ---- What is seen: the grid of cells and the lyrics, with weights or with what is gone ----

	/** A weight as signs, for those who cannot tell the colours apart. */
	function signs(share, weight) {
		if (share < 0.1) return "\u00b7";
		const sign = weight < 0 ? "\u2212" : "+";
		return share > 0.5 ? sign + sign : sign;
	}

	/** Colour a cell or a word by the weight of its feature; returns the weight as signs. */
	function paint(node, f, weights) {
		const largest = Math.max(...weights.map(Math.abs)) || 1;
		const share = Math.abs(weights[f]) / largest;
		if (share > 0.05) node.classList.add(weights[f] < 0 ? "against" : "for");
		node.style.setProperty("--w", share.toFixed(3));
		return signs(share, weights[f]);
	}

	function gridCell(song, stem, segment, weights, muted) {
		const isHere = (f) => song.features[f].stem === stem && song.features[f].segment === segment;
		const f = cellsOf(song).find(isHere);
		const cell = element("td");
		if (muted.has(f)) {
			cell.textContent = "off";
			cell.className = "off";
		} else if (weights) {
			cell.textContent = paint(cell, f, weights);
		}
		return cell;
	}

	/** The song's cells, a row a stem and a column a segment. */
	function grid(song, weights, muted, caption) {
		const features = cellsOf(song).map((f) => song.features[f]);
		const segments = [...new Set(features.map((feature) => feature.segment))].sort((a, b) => a - b);
		const headers = segments.map((segment) => {
			const { start } = features.find((feature) => feature.segment === segment);
			return element("th", { scope: "col" }, String(Math.floor(start + 0.01)));
		});
		const lines = stemNames(song).map((stem) => {
			const cells = segments.map((segment) => gridCell(song, stem, segment, weights, muted));
			return element("tr", {}, element("th", { scope: "row" }, stem), ...cells);
		});
		return element(
			"table",
			{ class: "grid" },
			element("caption", {}, caption),
			element("thead", {}, element("tr", {}, element("td"), ...headers)),
			element("tbody", {}, ...lines),
		);
	}

	/** The lyrics; each word is coloured by its weight, or struck out where it was removed. */
	function lyrics(song, weights, removed) {
		const places = [];
		for (const f of wordsOf(song)) {
			for (const [from, to] of song.features[f].positions) places.push({ from, to, f });
		}
		places.sort((one, other) => one.from - other.from);
		const out = element("p", { class: "lyrics", dir: "auto" });
		let done = 0;
		for (const { from, to, f } of places) {
			if (from < done) continue;
			const word = element(removed.has(f) ? "del" : "mark", {}, song.lyrics.slice(from, to));
			if (weights) paint(word, f, weights);
			out.append(song.lyrics.slice(done, from), word);
			done = to;
		}
		out.append(song.lyrics.slice(done));
		return out;
	}

	function nameOf({ modality, stem, start, end, text, name }) {
		if (modality === "audio") return `${stem} ${start.toFixed(1)}\u2013${end.toFixed(1)} s`;
		return text || name;
	}

	function listed(song, features) {
		return features.map((f) => nameOf(song.features[f])).join(", ");
	}

	/** The features with weights of one sign (1 for, -1 against), the strongest first. */
	function strongest(weights, features, sign) {
		const own = features.filter((f) => sign * weights[f] > 0);
		return own.sort((one, other) => Math.abs(weights[other]) - Math.abs(weights[one]));
	}

	// ---- The steps: introduction, one song after the other, thanks ----

	function intro() {
		if (!songs.length) {
			const where = "There is no trials.js beside this page, or it is empty. ";
			const how = "The built book has one; python book/_ext/study.py makes one of your own.";
			show("A listening study", element("p", {}, where + how));
			return;
		}
		const asked = Number(new URLSearchParams(location.search).get("seed"));
		const drawn = 1 + (crypto.getRandomValues(new Uint16Array(1))[0] % 9999);
		const begin = (event) => {
			event.preventDefault();
			const said = new FormData(event.target);
			seed = Number(said.get("seed"));
			listener = said.get("listener").trim();
			began = new Date().toISOString();
			addEventListener("beforeunload", askBeforeLeaving);
			showNext(deal());
		};
		const areComposed = songs.every((song) => song.id.startsWith("demo-"));
		const task =
			`You will meet ${songs.length} songs of about ten seconds, one after the other. A model has heard each ` +
			"one, read its lyrics and given an answer. Study the song. Then something about it is changed, and you " +
			"say whether the model will still answer the same.";
		const privacy =
			"Use headphones if you have them. Nothing you do here leaves this page until you save your answers " +
			"yourself at the end; closing the page before that loses them.";
		const code = { id: "listener", name: "listener", type: "text", maxlength: 40, autocomplete: "off" };
		const number = { id: "seed", name: "seed", type: "number", min: 1, max: 999999, step: 1, required: "" };
		number.value = asked > 0 ? asked : drawn;
		const codeLabel = element("label", { for: "listener" }, "Your code, as agreed (no name)");
		const seedLabel = element("label", { for: "seed" }, "Seed of the order");
		show(
			"A listening study",
			element("p", {}, task),
			element("p", {}, areComposed ? "The songs are composed by code. " : "", privacy),
			element(
				"form",
				{ onsubmit: begin },
				element("div", { class: "row" }, codeLabel, element("input", code)),
				element("div", { class: "row" }, seedLabel, element("input", number)),
				element("button", { class: "main" }, "Begin"),
			),
		);
	}

	/** The card of the song as it is, with weights where the trial has any. */
	function songCard(trial, answer) {
		const { song, weights } = trial;
		const buttons = [playButton("the song", song, [], trial)];
		const lists = [];
		if (weights) {
			const kept = new Set(strongest(weights, cellsOf(song), 1).slice(0, STRONGEST_CELLS));
			const others = cellsOf(song).filter((f) => !kept.has(f));
			buttons.push(playButton("only what mattered", song, others, trial));
			const wordsFor = strongest(weights, wordsOf(song), 1).slice(0, STRONGEST_WORDS);
			const wordsAgainst = strongest(weights, wordsOf(song), -1).slice(0, STRONGEST_WORDS);
			lists.push(
				element(
					"p",
					{},
					element("strong", {}, `For ${answer}: `),
					listed(song, wordsFor) || "no word",
					element("br"),
					element("strong", {}, "Against: "),
					listed(song, wordsAgainst) || "no word",
				),
			);
		}
		const withWeights = `What spoke for (+) and against (\u2212) ${answer}, by stem and second`;
		return element(
			"section",
			{ class: "card", "aria-label": "The song" },
			element("h2", {}, "1. The song"),
			element("div", { class: "row" }, ...buttons),
			grid(song, weights, new Set(), weights ? withWeights : "Stems by second"),
			...lists,
			lyrics(song, weights, new Set()),
		);
	}

	/** The card of the changed song. */
	function changeCard(trial) {
		const { song, change } = trial;
		const gone = new Set([...change.cells, ...change.words]);
		return element(
			"section",
			{ class: "card", "aria-label": "The change" },
			element("h2", {}, "2. The change"),
			element("div", { class: "row" }, playButton("the changed song", song, change.cells, trial)),
			grid(song, null, gone, "Muted cells are marked off"),
			element(
				"p",
				{},
				element("strong", {}, "Muted: "),
				listed(song, change.cells) || "nothing",
				element("br"),
				element("strong", {}, "Removed words: "),
				listed(song, change.words) || "none",
			),
			lyrics(song, null, gone),
		);
	}

	/** What is kept of one trial. */
	function rowOf(trial, said, seconds) {
		const { song, change } = trial;
		const flips = change.answer !== song.answer;
		const predicted = said.get("predicted");
		const plays = Object.entries(trial.plays).map(([name, count]) => `${name} ${count}`);
		return {
			trial: rows.length + 1,
			song: song.id,
			aid: trial.aid,
			answer: song.classes[song.answer],
			changed_answer: song.classes[change.answer],
			cells: listed(song, change.cells),
			words: listed(song, change.words),
			flips,
			predicted,
			right: (predicted === "change") === flips,
			confidence: Number(said.get("confidence")),
			seconds,
			plays: plays.join("; "),
		};
	}

	function showNext(trials) {
		if (rows.length === trials.length) {
			showEnd();
			return;
		}
		const trial = { ...trials[rows.length], plays: {} };
		const { song } = trial;
		const shownAt = performance.now();
		const answer = song.classes[song.answer];
		const ranked = song.classes.map((name, c) => ({ name, probability: song.probabilities[c] }));
		ranked.sort((one, other) => other.probability - one.probability);
		const all = ranked.map(({ name, probability }) => `${name} ${probability.toFixed(2)}`).join(", ");
		const save = (event) => {
			event.preventDefault();
			const seconds = Math.round(performance.now() - shownAt) / 1000;
			rows.push(rowOf(trial, new FormData(event.target), seconds));
			showNext(trials);
		};
		const predictions = [
			["stay", `stay ${answer}`],
			["change", "change to another"],
		];
		const confidences = [1, 2, 3, 4, 5].map((n) => [n, String(n)]);
		const isLast = rows.length + 1 === trials.length;
		show(
			`Song ${rows.length + 1} of ${trials.length}: ${song.title || song.id}`,
			element("progress", { max: trials.length, value: rows.length, "aria-label": "songs done" }),
			element(
				"p",
				{},
				"The model's answer: ",
				element("strong", {}, answer),
				element("span", { class: "soft" }, ` (${all})`),
			),
			element("div", { class: "two" }, songCard(trial, answer), changeCard(trial)),
			element(
				"form",
				{ onsubmit: save },
				question("predicted", "3. Of the changed song, the model's answer will", predictions),
				question("confidence", "How sure are you? (1: a guess, 5: certain)", confidences),
				element("button", { class: "main" }, isLast ? "Finish" : "Next song"),
			),
		);
	}

	/** The answers as a table of comma-separated values. */
	function asCsv() {
		const all = rows.map((row) => ({ listener, seed, ...row }));
		const quoted = (value) => `"${String(value).replaceAll('"', '""')}"`;
		const lines = [Object.keys(all[0]), ...all.map((row) => Object.values(row))];
		return lines.map((line) => line.map(quoted).join(",")).join("\r\n") + "\r\n";
	}

	/** The answers and what is known of the study, as JSON. */
	function asJson(ended, comment) {
		const record = {
			study: "musiclime-listening-1",
			listener,
			seed,
			began,
			ended,
			songs: songs.length,
			comment,
			agent: navigator.userAgent,
			answers: rows,
		};
		return JSON.stringify(record, null, 1);
	}

	/** A button that saves a file; its text is made when the button is pressed. */
	function saveButton(ending, type, textOf) {
		const code = listener.replace(/[^\w-]+/g, "-") || "anonymous";
		const download = `listening-${code}-${seed}.${ending}`;
		const save = () => {
			removeEventListener("beforeunload", askBeforeLeaving);
			const href = URL.createObjectURL(new Blob([textOf()], { type }));
			element("a", { href, download }).click();
		};
		return element("button", { type: "button", class: "main", onclick: save }, `Save ${ending.toUpperCase()}`);
	}

	/** What the listener said of each song, and what the model answered. */
	function tableOfAnswers() {
		const headers = ["song", "you said", "the model's answer"];
		const lines = rows.map((row) => {
			const outcome = row.flips ? `became ${row.changed_answer}` : `stayed ${row.answer}`;
			return element("tr", {}, ...[row.song, row.predicted, outcome].map((text) => element("td", {}, text)));
		});
		return element(
			"table",
			{ class: "sums" },
			element("thead", {}, element("tr", {}, ...headers.map((text) => element("th", { scope: "col" }, text)))),
			element("tbody", {}, ...lines),
		);
	}

	function showEnd() {
		const ended = new Date().toISOString();
		const comment = element("textarea", { id: "comment", rows: 3 });
		const right = rows.filter((row) => row.right).length;
		const thanks =
			`You were right about ${right} of ${rows.length} songs. Seed ${seed}. Save your answers and hand the file ` +
			"to whoever asked you; the page itself sends nothing.";
		const commentLabel = element("label", { for: "comment" }, "Anything you want to say (saved in the JSON file)");
		show(
			"Thank you",
			element("p", {}, thanks),
			element("p", {}, commentLabel, comment),
			element(
				"div",
				{ class: "row" },
				saveButton("json", "application/json", () => asJson(ended, comment.value)),
				saveButton("csv", "text/csv", asCsv),
			),
			tableOfAnswers(),
		);
	}

	// For tests: the trials of a seed, and the samples of a mix.
	window.musiclimeStudy = {
		deal: (number) => {
			seed = number;
			return deal();
		},
		mix,
	};
	intro();
})();
