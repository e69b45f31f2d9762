// Plant it yourself: the reader chooses what bears the genre, the model answers, and its explanation is marked.
//
// One part of a page is one object p. The features are the cells of the grid and the distinct words of the
// lyrics as they stand; a cell or word is "planted" while it bears the genre, else it is neutral.
(() => {
	"use strict";
	if (window.musiclimePlant) return window.musiclimePlant();

	const MASKS = 200; // of sound and of words
	let serial = 0;
	const tools = () => window.musiclime.tools;
	const element = (...parts) => tools().element(...parts);

	// ---- The mix that the reader planted -----------------------------------------------------------------

	function openPart(root) {
		const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
		const p = { root, data, id: `plant${++serial}`, ticket: 0, source: null, marked: null };
		root.dataset.ready = "plant-open";
		frame(p);
		chooseSong(p, 0);
		root.musiclime = {
			data: { get explanation() { return { features: featuresOf(p), classes: data.classes }; } },
			state: p, answer: (off) => answer(p, off), plant: (cells, slots) => plantOnly(p, cells, slots),
			explain: (masks, seed) => explain(p, masks, seed), mix: () => mix(p),
		};
	}

	function chooseSong(p, number) {
		halt(p);
		p.song = p.data.songs[number];
		p.segments = p.song.borders.length - 1;
		p.slots = p.song.tokens.flatMap((token, i) => (token.neutral === undefined ? [] : [i]));
		p.cells = new Set();
		p.planted = new Set();
		p.row = p.data.classes.indexOf(p.song.genre);
		p.ready = null;
		build(p);
		changed(p);
	}

	function plantOnly(p, cells, slots) {
		p.cells = new Set(cells);
		p.planted = new Set(slots);
		return changed(p);
	}

	const wordAt = (p, i) => {
		const token = p.song.tokens[i], isNeutral = token.neutral !== undefined && !p.planted.has(token.name);
		return isNeutral ? { text: token.neutral, name: token.neutral_name } : { text: token.text, name: token.name };
	};

	// The lyrics as they stand, and where each distinct word is in them.
	function lyricsOf(p) {
		const places = new Map();
		let text = "";
		p.song.tokens.forEach((token, i) => {
			text += token.before;
			const word = wordAt(p, i);
			if (!word.text) return;
			if (!places.has(word.name)) places.set(word.name, []);
			places.get(word.name).push([text.length, text.length + word.text.length]);
			text += word.text;
		});
		return { text, places };
	}

	function featuresOf(p) {
		const stems = p.song.stems, cells = [];
		for (let s = 0; s < p.segments; s++) stems.forEach((stem) => cells.push({ name: `${stem}${s}`, modality: "audio", stem, segment: s }));
		const words = [...lyricsOf(p).places].map(([name, positions]) => ({ name, modality: "lyrics", text: name, positions }));
		return [...cells, ...words];
	}

	// What bears the genre now, feature by feature.
	function truthOf(p) {
		return featuresOf(p).map((feature, f) => (feature.modality === "audio" ? p.cells.has(f) : p.planted.has(feature.name)));
	}

	async function mix(p) {
		const { sound, stems } = p.song, samples = await tools().stems(sound), out = new Float32Array(sound.samples);
		for (let s = 0; s < p.segments; s++) {
			const from = Math.round(p.song.borders[s] * sound.rate), to = Math.round(p.song.borders[s + 1] * sound.rate);
			stems.forEach((_, k) => {
				const track = samples[p.cells.has(s * stems.length + k) ? k : k + stems.length];
				for (let t = from; t < to; t++) out[t] += track[t];
			});
		}
		return out;
	}

	// ---- Asking and explaining ------------------------------------------------------------------------------

	// The song in the worker: evidence and neutral stems are tracks, of which one sounds in each cell.
	async function prepare(p) {
		const { model } = p.data, { sound, stems, borders } = p.song, song = `${p.id}-${p.song.genre}`;
		p.ready ||= (async () => {
			const config = await tools().openModel(model), samples = await tools().stems(sound, config.rate);
			const tracks = samples.map((data, i) => ({ data, cell: Array.from({ length: p.segments }, (_, s) => s * stems.length + (i % stems.length)) }));
			const edges = borders.map((time) => Math.round(time * config.rate));
			await tools().ask(model.code, "song", { song, model: model.key, rate: config.rate, tracks, borders: edges, text: "", words: [], maskToken: "" });
		})().catch((error) => { p.ready = null; throw error; });
		await p.ready;
		const { text, places } = lyricsOf(p), first = p.segments * stems.length;
		const words = [...places].map(([, positions], i) => ({ place: first + i, positions }));
		const when = [...stems, ...stems].map((_, i) => Array.from({ length: p.segments }, (_, s) => p.cells.has(s * stems.length + (i % stems.length)) === (i < stems.length)));
		await tools().ask(model.code, "choose", { song, when });
		await tools().ask(model.code, "text", { song, text, words, maskToken: "" });
		return { song, cells: [...Array(first).keys()], words: words.map(({ place }) => place) };
	}

	async function answer(p, off = []) {
		const { song } = await prepare(p);
		return tools().ask(p.data.model.code, "answer", { song, off: Uint8Array.from(off) });
	}

	async function changed(p) {
		const mine = ++p.ticket;
		p.marked = null;
		paint(p);
		if (p.source) play(p, true);
		try {
			const found = await answer(p);
			if (mine !== p.ticket) return;
			p.probabilities = found;
			paintAnswer(p);
		} catch (error) {
			p.nodes.answer.textContent = `The model could not be loaded: ${error.message}`;
		}
	}

	// The share of pairs of a planted and another piece that the weights put in the right order.
	function auc(weights, truth) {
		const yes = weights.filter((_, i) => truth[i]), no = weights.filter((_, i) => !truth[i]);
		if (!yes.length || !no.length) return null;
		let right = 0;
		for (const a of yes) for (const b of no) right += a > b ? 1 : a === b ? 0.5 : 0;
		return right / (yes.length * no.length);
	}

	async function explain(p, masks = MASKS, seed = Math.floor(Math.random() * 2 ** 31)) {
		const mine = ++p.ticket, { nodes } = p, features = featuresOf(p), truth = truthOf(p);
		nodes.explain.disabled = true;
		nodes.verdict.textContent = "The model listens to new masks.";
		try {
			const { song, cells, words } = await prepare(p);
			await tools().ask(p.data.model.code, "again", { song, cells, words, masks, seed, alpha: 1 }, (look) => {
				if (mine !== p.ticket) return;
				if (look.weights) p.marked = mark(p, features, truth, look);
				else nodes.verdict.textContent = `${look.done} of ${look.masks} masks.`;
				if (p.marked) paint(p);
			});
		} catch (error) {
			nodes.verdict.textContent = `It could not be explained: ${error.message}`;
		}
		nodes.explain.disabled = false;
		return p.marked;
	}

	// The explanation held against what the reader planted, sound and words each by itself.
	function mark(p, features, truth, look) {
		const weights = look.weights[p.row], parts = {};
		for (const modality of ["audio", "lyrics"]) {
			const own = [...features.keys()].filter((f) => features[f].modality === modality);
			const strongest = own.reduce((best, f) => (weights[f] > weights[best] ? f : best), own[0]);
			parts[modality] = { auc: auc(own.map((f) => weights[f]), own.map((f) => truth[f])), strongest: features[strongest].name, right: truth[strongest] };
		}
		return { weights, errors: look.errors[p.row], features, truth, parts, done: look.done };
	}

	// ---- Sound ------------------------------------------------------------------------------------------------

	function halt(p) {
		if (p.source) { p.source.onended = null; p.source.stop(); }
		p.source = null;
		if (p.nodes.play) p.nodes.play.textContent = "play";
	}

	// Play from the start, or go on with the new mix where the old one was.
	async function play(p, goOn = false) {
		const from = goOn ? (p.context.currentTime - p.began) % (p.song.sound.samples / p.song.sound.rate) : 0;
		halt(p);
		p.context ||= new AudioContext({ sampleRate: p.song.sound.rate });
		p.context.resume();
		let samples;
		try { samples = await mix(p); } catch { p.nodes.verdict.textContent = "The sound could not be loaded."; return; }
		if (p.source) return;
		p.source = new AudioBufferSourceNode(p.context, { buffer: tools().bufferOf(samples, p.song.sound.rate) });
		p.source.connect(p.context.destination);
		p.source.onended = () => halt(p);
		p.source.start(0, from);
		p.began = p.context.currentTime - from;
		p.nodes.play.textContent = "stop";
	}

	// ---- What is seen ---------------------------------------------------------------------------------------------

	function button(text, act, more = {}) {
		return element("button", { type: "button", class: "ml-button", onclick: act, ...more }, text);
	}

	function frame(p) {
		const song = element("select", { "aria-label": "Genre to plant" }, ...p.data.songs.map(({ genre }) => element("option", {}, genre)));
		song.onchange = () => chooseSong(p, song.selectedIndex);
		p.nodes = { song, grid: element("div", { class: "ml-plant-grid", role: "group", "aria-label": "Cells" }), lyrics: element("div", { class: "ml-lyrics", role: "group", "aria-label": "Lyrics" }), answer: element("p", { class: "ml-status ml-plant-answer", role: "status" }), verdict: element("div", { class: "ml-verdict", role: "status" }) };
		p.nodes.play = button("play", () => (p.source ? halt(p) : play(p)));
		p.nodes.explain = button("explain and mark", () => explain(p));
		const some = button("plant some", () => plantSome(p)), none = button("plant nothing", () => plantOnly(p, [], []));
		const head = element("div", { class: "ml-head" }, element("label", { class: "ml-why" }, "plant ", song), some, none);
		p.root.setAttribute("role", "group");
		p.root.setAttribute("aria-label", "Plant it yourself");
		p.root.replaceChildren(head, element("div", { class: "ml-over" }, element("span", { class: "ml-kicker" }, "Sound"), element("span", {}, "click a cell to plant it")),
			element("div", { class: "ml-scroll" }, p.nodes.grid), element("div", { class: "ml-over" }, element("span", { class: "ml-kicker" }, "Lyrics"), element("span", {}, "click a boxed word to plant it")), p.nodes.lyrics,
			p.nodes.answer, element("div", { class: "ml-foot" }, p.nodes.play, p.nodes.explain), p.nodes.verdict);
	}

	// Eight cells, in runs of two stems, and two words: about what a song of the corpus has.
	function plantSome(p) {
		const count = p.song.stems.length, first = Math.floor(Math.random() * count), at = Math.floor(Math.random() * (p.segments - 4));
		const cells = [0, 1, 2, 3, 4].map((s) => (at + s) * count + first);
		const other = (first + 1 + Math.floor(Math.random() * (count - 1))) % count, start = Math.floor(Math.random() * (p.segments - 2));
		const names = [...new Set(p.slots.map((i) => p.song.tokens[i].name))].sort(() => Math.random() - 0.5);
		return plantOnly(p, [...cells, ...[0, 1, 2].map((s) => (start + s) * count + other)], names.slice(0, 2));
	}

	function build(p) {
		const { stems, tokens } = p.song, { grid, lyrics } = p.nodes;
		p.buttons = [];
		grid.style.setProperty("--columns", p.segments);
		grid.replaceChildren(...stems.flatMap((stem, k) => [element("span", {}, stem), ...Array.from({ length: p.segments }, (_, s) => {
			const f = s * stems.length + k;
			p.buttons[f] = button("", () => { if (!p.cells.delete(f)) p.cells.add(f); changed(p); }, { class: "ml-plant-cell" });
			p.buttons[f].label = `${stem}, segment ${s}`;
			return p.buttons[f];
		})]));
		p.words = tokens.map((token, i) => {
			if (!token.text) return null;
			if (token.neutral === undefined) return element("span", { class: "ml-plant-word" }, token.text);
			return button("", () => { if (!p.planted.delete(token.name)) p.planted.add(token.name); changed(p); }, { class: "ml-plant-word ml-slot" });
		});
		const parts = tokens.flatMap((token, i) => [token.before, p.words[i] || ""]);
		lyrics.replaceChildren(...parts);
	}

	function paint(p) {
		const { marked } = p, weightOf = new Map(marked ? marked.features.map((feature, f) => [`${feature.modality} ${feature.name}`, f]) : []);
		const reach = marked ? Math.max(...marked.weights.map(Math.abs), 1e-9) : 1;
		const colour = (node, f) => {
			const w = marked && f !== undefined ? marked.weights[f] : 0, sure = marked && f !== undefined && Math.abs(w) > 1.96 * marked.errors[f];
			node.style.setProperty("--w", ((Math.abs(w) / reach) ** 0.7 * (sure ? 1 : 0.3)).toFixed(3));
			node.classList.toggle("ml-against", w < 0);
		};
		p.buttons.forEach((node, f) => {
			const planted = p.cells.has(f), weight = marked ? `, weight ${tools().signed(marked.weights[f])}` : "";
			node.setAttribute("aria-pressed", planted);
			node.setAttribute("aria-label", `${node.label}${planted ? `, ${p.song.genre}` : ", neutral"}${weight}`);
			node.textContent = planted ? "\u25cf" : "";
			colour(node, marked ? f : undefined);
		});
		p.words.forEach((node, i) => {
			if (!node) return;
			const word = wordAt(p, i), planted = p.planted.has(p.song.tokens[i].name);
			node.textContent = word.text;
			if (node.matches("button")) node.setAttribute("aria-pressed", planted);
			colour(node, weightOf.get(`lyrics ${word.name}`));
		});
		paintVerdict(p);
	}

	function paintAnswer(p) {
		const { fixed } = tools(), { classes } = p.data, best = p.probabilities.indexOf(Math.max(...p.probabilities));
		const own = `${p.song.genre} ${fixed(p.probabilities[p.row])}`;
		const planted = `${p.cells.size} cells and ${p.planted.size} words planted.`;
		const says = best === p.row ? "It hears what you planted." : `It says ${classes[best]} (${fixed(p.probabilities[best])}).`;
		p.nodes.answer.replaceChildren(element("span", { class: "ml-now-says" }, own), ` ${planted} ${says}`);
	}

	function paintVerdict(p) {
		const { fixed } = tools(), { verdict } = p.nodes;
		if (!p.marked) { verdict.textContent = "Plant something, press play, then explain and mark."; return; }
		const line = (what, part) => {
			if (part.auc === null) return element("li", {}, `${what}: nothing planted here, nothing to mark.`);
			const right = part.right ? "right" : "wrong", told = part.right ? "you planted it" : "you did not plant it";
			return element("li", { class: `ml-${right}` }, element("strong", {}, right), ` ${what}: the strongest is ${part.strongest}, ${told}; AUC ${fixed(part.auc)}.`);
		};
		verdict.replaceChildren(element("p", {}, `After ${p.marked.done} masks of sound and ${p.marked.done} of words, what speaks for ${p.song.genre}:`),
			element("ul", {}, line("sound", p.marked.parts.audio), line("words", p.marked.parts.lyrics)));
	}

	window.musiclimePlant = () => document.querySelectorAll(".ml-plant[data-ready='plant']").forEach(openPart);
	if (window.musiclime && document.readyState !== "loading") window.musiclimePlant();
	else document.addEventListener("DOMContentLoaded", () => window.musiclimePlant());
})();
