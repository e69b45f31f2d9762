// The listening study: trials.js names the songs, the seed deals out aids, changes and order, nothing is sent.
(() => {
	"use strict";
	const AIDS = ["song", "explanation", "random"];
	const RAMP = 0.004; // seconds: sound that is cut off at once is heard as a click
	const TOP = 8; // cells that are heard as "only what mattered"
	const songs = window.musiclimeTrials || [], main = document.getElementById("main"), rows = [];
	let context, source, seed, listener, began;

	const el = (tag, props = {}, ...children) => {
		const node = document.createElement(tag);
		for (const [name, value] of Object.entries(props)) {
			if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
			else if (value !== undefined && value !== false) node.setAttribute(name, value);
		}
		node.append(...children);
		return node;
	};
	const show = (title, ...children) => {
		halt();
		const heading = el("h1", { tabindex: -1 }, title);
		main.replaceChildren(heading, ...children);
		heading.focus();
		scrollTo(0, 0);
	};

	// Chance that can be repeated: the same seed deals the same study on every machine.
	const dice = (state) => () => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return ((state ^ (state >>> 15)) >>> 0) / 2 ** 32;
	};
	const shuffle = (list, roll) => {
		const out = [...list];
		for (let i = out.length - 1; i > 0; i--) {
			const j = Math.floor(roll() * (i + 1));
			[out[i], out[j]] = [out[j], out[i]];
		}
		return out;
	};
	const among = (modality) => (song) => [...song.features.keys()].filter((f) => (song.features[f].modality === "audio") === (modality === "audio"));
	const cells = among("audio"), words = among("lyrics");

	// A Latin square: over three seeds in a row a song meets each aid, over six each aid with each change.
	const deal = () => shuffle(songs.map((song, i) => {
		const roll = dice(Math.imul(seed, 7919) + i), weights = [...song.weights];
		const aid = AIDS[(i + seed) % 3], flips = (Math.floor(i / 3) + Math.floor(seed / 3)) % 2 === 0;
		if (aid === "random") for (const part of [cells(song), words(song)]) shuffle(part, roll).forEach((f, k) => { weights[part[k]] = song.weights[f]; });
		return { song, aid, weights: aid === "song" ? null : weights, change: song.changes[Number(flips)] };
	}), dice(seed));

	// Sound: the stems come as a script, since a page on disk may not fetch; a mix is made anew for every press.
	const stems = (sound) => sound.ready ||= (async () => {
		if (!sound.mp3) await new Promise((ok, no) => document.head.append(el("script", { src: sound.src, onload: ok, onerror: no })));
		const decoder = new OfflineAudioContext(1, 1, sound.rate);
		return Promise.all((sound.mp3 || window.musiclimeSound[sound.key]).map(async (text, i) => {
			const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
			const decoded = (await decoder.decodeAudioData(bytes.buffer)).getChannelData(0);
			// A decoder that leaves the encoder's delay in returns more than was put in.
			const lead = decoded.length > sound.samples + sound.lead / 2 ? sound.lead : 0;
			return decoded.slice(lead, lead + sound.samples).map((x) => x * sound.tracks[i].scale);
		}));
	})().catch((error) => { delete sound.ready; throw error; });
	const mix = async (song, off) => {
		const { sound, features } = song, out = new Float32Array(sound.samples), fade = RAMP * sound.rate;
		const names = [...new Set(cells(song).map((f) => features[f].stem))];
		(await stems(sound)).forEach((stem, i) => {
			const gains = new Float32Array(stem.length).fill(1);
			for (const f of off) {
				const { stem: name, start, end } = features[f];
				if (name !== names[sound.tracks[i].row]) continue;
				gains.fill(0, Math.round(start * sound.rate), Math.round(end * sound.rate));
			}
			let gain = gains[0];
			for (let t = 0; t < stem.length; t++) {
				gain += Math.max(-1 / fade, Math.min(1 / fade, gains[t] - gain));
				out[t] += gain * stem[t];
			}
		});
		return out;
	};
	const halt = () => {
		if (source) { source.onended = null; source.stop(); source.button.textContent = `Play ${source.label}`; }
		source = null;
	};
	const player = (label, song, off, trial) => {
		const button = el("button", { type: "button", onclick: async () => {
			const again = source?.button === button;
			halt();
			if (again) return;
			context ||= new AudioContext();
			context.resume();
			let data;
			try { data = await mix(song, off); } catch { button.textContent = "The sound could not be loaded"; return; }
			if (!button.isConnected || source) return;
			const buffer = new AudioBuffer({ length: data.length, sampleRate: song.sound.rate });
			buffer.copyToChannel(data, 0);
			source = Object.assign(new AudioBufferSourceNode(context, { buffer }), { button, label });
			source.connect(context.destination);
			source.onended = halt;
			source.start();
			button.textContent = `Stop ${label}`;
			trial.plays[label] = (trial.plays[label] || 0) + 1;
		} });
		button.textContent = `Play ${label}`;
		return button;
	};

	// What is seen: the grid of cells and the lyrics, with weights (an aid) or with what is gone (a change).
	const sign = (share, weight) => (share < 0.1 ? "\u00b7" : (weight < 0 ? "\u2212" : "+").repeat(share > 0.5 ? 2 : 1));
	const paint = (node, f, weights) => {
		const top = Math.max(...weights.map(Math.abs)), share = Math.abs(weights[f]) / (top || 1);
		if (share > 0.05) node.classList.add(weights[f] < 0 ? "against" : "for");
		node.style.setProperty("--w", share.toFixed(3));
		return sign(share, weights[f]);
	};
	const grid = (song, weights, off, caption) => {
		const own = cells(song), names = [...new Set(own.map((f) => song.features[f].stem))];
		const times = [...new Set(own.map((f) => song.features[f].segment))].sort((a, b) => a - b);
		const starts = times.map((s) => Math.floor(song.features[own.find((f) => song.features[f].segment === s)].start + 0.01));
		return el("table", { class: "grid" }, el("caption", {}, caption),
			el("thead", {}, el("tr", {}, el("td"), ...starts.map((t) => el("th", { scope: "col" }, String(t))))),
			el("tbody", {}, ...names.map((stem) => el("tr", {}, el("th", { scope: "row" }, stem), ...times.map((s) => {
				const f = own.find((g) => song.features[g].stem === stem && song.features[g].segment === s), cell = el("td");
				if (weights) cell.textContent = paint(cell, f, weights);
				if (off.has(f)) { cell.textContent = "off"; cell.className = "off"; }
				return cell;
			})))));
	};
	const lyrics = (song, weights, off) => {
		const marks = words(song).flatMap((f) => song.features[f].positions.map(([from, to]) => [from, to, f])).sort((p, q) => p[0] - q[0]);
		const out = el("p", { class: "lyrics", dir: "auto" });
		let done = 0;
		for (const [from, to, f] of marks) {
			if (from < done) continue;
			const word = el(off.has(f) ? "del" : "mark", {}, song.lyrics.slice(from, to));
			if (weights) paint(word, f, weights);
			out.append(song.lyrics.slice(done, from), word);
			done = to;
		}
		out.append(song.lyrics.slice(done));
		return out;
	};
	const label = ({ modality, stem, start, end, text, name }) => (modality === "audio" ? `${stem} ${start.toFixed(1)}\u2013${end.toFixed(1)} s` : text || name);
	const listed = (song, part) => part.map((f) => label(song.features[f])).join(", ");
	const strongest = (song, weights, part, way) => part.filter((f) => way * weights[f] > 0).sort((f, g) => Math.abs(weights[g]) - Math.abs(weights[f]));
	const ask = (name, question, options) => el("fieldset", {}, el("legend", {}, question), ...options.map(([value, text]) => el("label", {}, el("input", { type: "radio", name, value, required: "" }), text)));

	function intro() {
		const asked = Number(new URLSearchParams(location.search).get("seed"));
		const drawn = 1 + (crypto.getRandomValues(new Uint16Array(1))[0] % 9999);
		if (!songs.length) return show("A listening study", el("p", {}, "There is no trials.js beside this page, or it is empty. The built book has one; python book/_ext/study.py makes one of your own."));
		const start = (event) => {
			event.preventDefault();
			const said = new FormData(event.target);
			[seed, listener, began] = [Number(said.get("seed")), said.get("listener").trim(), new Date().toISOString()];
			addEventListener("beforeunload", guard);
			next(deal());
		};
		show("A listening study",
			el("p", {}, `You will meet ${songs.length} songs of about ten seconds, one after the other. A model has heard each one, read its lyrics and given an answer. Study the song. Then something about it is changed, and you say whether the model will still answer the same.`),
			el("p", {}, songs.every((song) => song.id.startsWith("demo-")) ? "The songs are composed by code. " : "", "Use headphones if you have them. Nothing you do here leaves this page until you save your answers yourself at the end; closing the page before that loses them."),
			el("form", { onsubmit: start },
				el("div", { class: "row" }, el("label", { for: "listener" }, "Your code, as agreed (no name)"), el("input", { id: "listener", name: "listener", type: "text", maxlength: 40, autocomplete: "off" })),
				el("div", { class: "row" }, el("label", { for: "seed" }, "Seed of the order"), el("input", { id: "seed", name: "seed", type: "number", min: 1, max: 999999, step: 1, required: "", value: asked > 0 ? asked : drawn })),
				el("button", { class: "main" }, "Begin")));
	}

	function next(trials) {
		if (rows.length === trials.length) return end();
		const trial = { ...trials[rows.length], plays: {} }, { song, weights, change } = trial;
		const shown = performance.now(), off = new Set([...change.cells, ...change.words]), none = new Set();
		const answer = song.classes[song.answer], order = song.classes.map((name, c) => [name, song.probabilities[c]]).sort((p, q) => q[1] - p[1]);
		const aid = !weights ? [] : [
			el("p", {}, el("strong", {}, `For ${answer}: `), listed(song, strongest(song, weights, words(song), 1).slice(0, 5)) || "no word", el("br"), el("strong", {}, "Against: "), listed(song, strongest(song, weights, words(song), -1).slice(0, 5)) || "no word"),
		];
		const kept = weights && new Set(strongest(song, weights, cells(song), 1).slice(0, TOP));
		const mattered = kept ? [player("only what mattered", song, cells(song).filter((f) => !kept.has(f)), trial)] : [];
		const save = (event) => {
			event.preventDefault();
			const said = new FormData(event.target), flips = change.answer !== song.answer, predicted = said.get("predicted");
			rows.push({ trial: rows.length + 1, song: song.id, aid: trial.aid, answer, changed_answer: song.classes[change.answer], cells: listed(song, change.cells), words: listed(song, change.words),
				flips, predicted, right: (predicted === "change") === flips, confidence: Number(said.get("confidence")), seconds: Math.round(performance.now() - shown) / 1000,
				plays: Object.entries(trial.plays).map(([name, count]) => `${name} ${count}`).join("; ") });
			next(trials);
		};
		show(`Song ${rows.length + 1} of ${trials.length}: ${song.title || song.id}`,
			el("progress", { max: trials.length, value: rows.length, "aria-label": "songs done" }),
			el("p", {}, "The model's answer: ", el("strong", {}, answer), el("span", { class: "soft" }, ` (${order.map(([name, p]) => `${name} ${p.toFixed(2)}`).join(", ")})`)),
			el("div", { class: "two" },
				el("section", { class: "card", "aria-label": "The song" }, el("h2", {}, "1. The song"), el("div", { class: "row" }, player("the song", song, [], trial), ...mattered),
					grid(song, weights, none, weights ? `What spoke for (+) and against (\u2212) ${answer}, by stem and second` : "Stems by second"), ...aid, lyrics(song, weights, none)),
				el("section", { class: "card", "aria-label": "The change" }, el("h2", {}, "2. The change"), el("div", { class: "row" }, player("the changed song", song, change.cells, trial)),
					grid(song, null, off, "Muted cells are marked off"), el("p", {}, el("strong", {}, "Muted: "), listed(song, change.cells) || "nothing", el("br"), el("strong", {}, "Removed words: "), listed(song, change.words) || "none"), lyrics(song, null, off))),
			el("form", { onsubmit: save },
				ask("predicted", "3. Of the changed song, the model's answer will", [["stay", `stay ${answer}`], ["change", "change to another"]]),
				ask("confidence", "How sure are you? (1: a guess, 5: certain)", [1, 2, 3, 4, 5].map((n) => [n, String(n)])),
				el("button", { class: "main" }, rows.length + 1 < trials.length ? "Next song" : "Finish")));
	}

	function end() {
		const record = () => ({ study: "musiclime-listening-1", listener, seed, began, ended, songs: songs.length, comment: comment.value, agent: navigator.userAgent, answers: rows });
		const ended = new Date().toISOString(), comment = el("textarea", { id: "comment", rows: 3 });
		const quoted = (x) => `"${String(x).replaceAll('"', '""')}"`;
		const csv = () => {
			const all = rows.map((row) => ({ listener, seed, ...row }));
			return [Object.keys(all[0]), ...all.map(Object.values)].map((line) => line.map(quoted).join(",")).join("\r\n") + "\r\n";
		};
		const name = `listening-${listener.replace(/[^\w-]+/g, "-") || "anonymous"}-${seed}`;
		const save = (ending, type, text) => el("button", { type: "button", class: "main", onclick: () => {
			removeEventListener("beforeunload", guard);
			el("a", { href: URL.createObjectURL(new Blob([text()], { type })), download: `${name}.${ending}` }).click();
		} }, `Save ${ending.toUpperCase()}`);
		show("Thank you",
			el("p", {}, `You were right about ${rows.filter((row) => row.right).length} of ${rows.length} songs. Seed ${seed}. Save your answers and hand the file to whoever asked you; the page itself sends nothing.`),
			el("p", {}, el("label", { for: "comment" }, "Anything you want to say (saved in the JSON file)"), comment),
			el("div", { class: "row" }, save("json", "application/json", () => JSON.stringify(record(), null, 1)), save("csv", "text/csv", csv)),
			el("table", { class: "sums" }, el("thead", {}, el("tr", {}, ...["song", "you said", "the model's answer"].map((x) => el("th", { scope: "col" }, x)))),
				el("tbody", {}, ...rows.map((row) => el("tr", {}, el("td", {}, row.song), el("td", {}, row.predicted), el("td", {}, row.flips ? `became ${row.changed_answer}` : `stayed ${row.answer}`))))));
	}

	const guard = (event) => event.preventDefault();
	window.musiclimeStudy = { deal: (number) => { seed = number; return deal(); }, mix };
	intro();
})();
