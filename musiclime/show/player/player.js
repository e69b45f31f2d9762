// The players of a page: what is seen, heard and asked. A second copy of this script only looks for new players.
//
// One player is one object p, which each function below is given: p.data is what player.py wrote, p.state what
// the reader chose, p.nodes what stands on the page. Everything that came from outside the book (titles,
// lyrics, names) passes through text nodes and attributes only.
(() => {
	"use strict";
	if (window.musiclime) return window.musiclime.scan();

	const RAMP = 0.004; // seconds: a gain that jumps is heard as a click
	const SHOWN_CLASSES = 9; // of more than these the rest is folded
	const AGAIN_MASKS = 300; // a side, when a reader explains again
	const AGAIN_MOST = 1200; // where a sum fits badly and so many are needed
	const AGAIN_WANTED = 0.95; // how the weights shall correlate with those of endless masks
	const AGAIN_ROWS = 12;
	const sounds = {}, contexts = {}, scripts = {};
	let sounding = null, serial = 0;

	// ---- Elements and numbers ---------------------------------------------------------------------------

	function element(tag, properties = {}, ...children) {
		const node = document.createElement(tag);
		for (const [name, value] of Object.entries(properties)) {
			if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
			else if (value !== undefined && value !== false) node.setAttribute(name, value);
		}
		node.append(...children);
		return node;
	}

	const fixed = (x) => x.toFixed(2).replace("-0.00", "0.00").replace("-", "\u2212");
	const size = (x) => x.toFixed(x < 0.001 ? 5 : x < 0.1 ? 3 : 2);
	const signed = (x) => (x < 0 ? "\u2212" : "+") + size(Math.abs(x));
	const change = (x) => (x < 0 ? "\u2212" : "+") + Math.abs(x).toFixed(2);
	const clock = (t) => `${Math.floor(t / 60)}:${String(Math.floor(t % 60)).padStart(2, "0")}`;
	const unit = (x) => Math.min(1, Math.max(0, x));
	const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

	// ---- Scripts, sound and models, loaded when they are needed -----------------------------------------

	// From disk a page may not fetch, but it may load a script.
	function loadScript(src) {
		scripts[src] ||= new Promise((done, failed) => {
			document.head.append(element("script", { src, onload: done, onerror: failed }));
		}).catch(() => { delete scripts[src]; throw new Error(`${src} could not be loaded`); });
		return scripts[src];
	}

	// Every second sample, after a filter that keeps all below a quarter of the rate: a browser's own filter
	// takes off the highest notes, and the model hears that.
	function halve(data) {
		const reach = 63, out = new Float32Array(data.length >> 1), taps = [];
		for (let k = 1; k <= reach; k += 2) taps.push((Math.sin((Math.PI * k) / 2) / (Math.PI * k)) * (0.5 + 0.5 * Math.cos((Math.PI * k) / (reach + 1))));
		for (let i = 0; i < out.length; i++) {
			let sum = 0.5 * data[2 * i];
			for (let j = 0; j < taps.length; j++) {
				const k = 2 * j + 1;
				sum += taps[j] * ((data[2 * i - k] || 0) + (data[2 * i + k] || 0));
			}
			out[i] = sum;
		}
		return out;
	}

	async function decode(sound, rate) {
		if (!sound.mp3) await loadScript(sound.src);
		const isTwice = sound.coded === 2 * rate, decodedRate = isTwice ? sound.coded : rate;
		const samples = Math.round((sound.samples * decodedRate) / sound.rate), lead = Math.round((sound.lead * decodedRate) / sound.rate);
		const decoder = new OfflineAudioContext(1, 1, decodedRate);
		return Promise.all((sound.mp3 || window.musiclimeSound[sound.key]).map(async (text, i) => {
			const decoded = (await decoder.decodeAudioData(bytesOf(text).buffer)).getChannelData(0);
			// A decoder that leaves the encoder's delay in returns more than was put in.
			const first = decoded.length > samples + lead / 2 ? lead : 0;
			const data = new Float32Array(samples);
			data.set(decoded.subarray(first, first + samples));
			return (isTwice ? halve(data) : data).map((x) => x * sound.tracks[i].scale);
		}));
	}

	// The stems as samples at a rate, decoded once for all players of the page.
	function stems(sound, rate = sound.rate) {
		const key = `${sound.key}@${rate}`;
		sounds[key] ||= decode(sound, rate).catch((error) => { delete sounds[key]; throw error; });
		return sounds[key];
	}

	function bufferOf(data, rate) {
		const buffer = new AudioBuffer({ length: Math.max(1, data.length), sampleRate: rate });
		buffer.copyToChannel(data, 0);
		return buffer;
	}

	// ---- The worker in which the model runs, one for the page --------------------------------------------

	const asked = new Map();
	let worker = null, questions = 0;

	async function openWorker(code) {
		if (!window.musiclimeModelCode) await loadScript(code);
		const text = `(${window.musiclimeModelCode})().serve(self);`;
		const opened = new Worker(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
		opened.onmessage = ({ data }) => {
			const { look, done, failed } = asked.get(data.id);
			if (data.look) look?.(data.look);
			if (!data.done) return;
			asked.delete(data.id);
			if (data.error) failed(new Error(data.error));
			else done(data.answer);
		};
		return opened;
	}

	// Send the worker something to do; a promise of its answer. look hears what it says in between.
	async function ask(code, act, message, look, told) {
		worker ||= openWorker(code).catch((error) => { worker = null; throw error; });
		const opened = await worker;
		return new Promise((done, failed) => {
			const id = ++questions;
			asked.set(id, { look, done, failed });
			told?.(id);
			opened.postMessage({ id, act, ...message });
		});
	}

	async function openModel({ key, src, code, packed }) {
		if (!packed) await loadScript(src);
		const found = packed || window.musiclimeModel[key];
		await ask(code, "model", { key, packed: found });
		return found.config;
	}

	// ---- One player's data -------------------------------------------------------------------------------

	// Python counts characters, JavaScript counts an emoji as two.
	function placesIn(text) {
		if (!/[\ud800-\udfff]/.test(text)) return (place) => place;
		const places = [0];
		for (const character of text) places.push(places.at(-1) + character.length);
		return (place) => places[Math.min(place, places.length - 1)];
	}

	function readPlayer(root) {
		const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
		const e = data.explanation, { features, classes, weights } = e;
		const p = { root, data, e, features, classes, id: `ml${++serial}`, audio: [], words: [], rows: [], columns: [], grid: [] };
		features.forEach((feature, f) => {
			(feature.modality === "audio" ? p.audio : p.words).push(f);
			if (!(feature.segment >= 0)) return; // a word, or a patch of a spectrogram, which has no cell
			if (!p.rows.includes(feature.stem)) { p.rows.push(feature.stem); p.grid.push([]); }
			p.grid[p.rows.indexOf(feature.stem)][feature.segment] = f;
			p.columns[feature.segment] = { start: feature.start, end: feature.end };
		});
		p.text = e.song.lyrics || "";
		const at = placesIn(p.text);
		p.positions = features.map((feature) => (feature.positions || []).map(([from, to]) => [at(from), at(to)]));
		p.sungAt = data.sung.map(([from, to, a, b]) => ({ from, to, first: at(a), last: at(b) }));
		p.seconds = data.sound ? data.sound.samples / data.sound.rate : e.song.seconds || p.columns.at(-1)?.end || 0;
		p.scale = weights.flat().reduce((most, w) => Math.max(most, Math.abs(w)), 1e-12);
		p.state = { label: data.label, against: -1, off: new Uint8Array(features.length), mode: "song", top: 8, tool: "mute", position: 0, loop: false, playing: false };
		Object.assign(p, { live: null, ticket: 0, known: new Map(), waiting: false, again: null, lit: [], lastColumn: -1 });
		return p;
	}

	// Weights of the class that is explained, less those of the class it is held against.
	function currentWeights(p) {
		const { label, against } = p.state, { weights, errors, contrasts } = p.e;
		if (against < 0) return { w: weights[label], error: errors[label] };
		const w = weights[label].map((weight, f) => weight - weights[against][f]);
		if (!contrasts) return { w, error: errors[label].map((one, f) => Math.hypot(one, errors[against][f])) };
		// The errors of differences stand in the order (0, 1), (0, 2), ..., (1, 2), ...
		const [low, high] = [Math.min(label, against), Math.max(label, against)], C = p.classes.length;
		return { w, error: contrasts[low * C - (low * (low + 1)) / 2 + high - low - 1] };
	}

	const question = (p) => (p.state.against < 0 ? p.classes[p.state.label] : `${p.classes[p.state.label]} rather than ${p.classes[p.state.against]}`);
	const couldBeZero = (p, f) => Math.abs(p.now.w[f]) < 1.96 * p.now.error[f];
	const isMuted = (p) => p.state.off.some(Boolean);

	// ---- What the sum of weights and the model say of a mix ----------------------------------------------

	function surrogate(p, off = p.state.off) {
		return p.classes.map((_, c) => p.e.weights[c].reduce((sum, w, f) => (off[f] ? sum : sum + w), p.e.intercept[c]));
	}

	// A mask as ask_ahead.py spells it.
	function spell(part, off) {
		const muted = part.filter((f) => off[f]), kept = part.filter((f) => !off[f]);
		return muted.length <= kept.length ? `-${muted}` : `+${kept}`;
	}

	// The answer that was computed before the page was read, or null.
	function askedAhead(p, off) {
		const { truth } = p.data;
		if (!truth) return null;
		const audio = spell(p.audio, off), words = spell(p.words, off);
		if (!truth.head) return truth.pairs[`${audio}|${words}`] || null;
		const x = truth.audio[audio], y = truth.lyrics[words], C = p.classes.length;
		if (!x || !y) return null;
		const spread = Math.sqrt(x[C + 1] + y[C + 1] - (x[C] + y[C]) ** 2 + truth.head.eps);
		const logits = p.classes.map((_, c) => (x[c] + y[c]) / spread + truth.head.bias[c]);
		const raised = logits.map((v) => Math.exp(v - Math.max(...logits)));
		const total = raised.reduce((sum, v) => sum + v);
		return raised.map((v) => v / total);
	}

	// A tagger that averages patches: of each patch the state of its cells names a row of answers.
	async function fromTable(p, off) {
		const { key, src, table } = p.data.table;
		if (!table && !window.musiclimeTable?.[key]) await loadScript(src);
		const { cells, answers } = table || window.musiclimeTable[key], C = p.classes.length;
		p.table ||= answers.map((rows) => new Float32Array(bytesOf(rows).buffer));
		return p.classes.map((_, c) => p.table.reduce((sum, rows, patch) => {
			const state = cells[patch].reduce((bits, cell, place) => (off[cell] ? bits : bits + 2 ** place), 0);
			return sum + rows[state * C + c] / cells.length;
		}, 0));
	}

	// The song in the worker, with the model that answers for it.
	function openSong(p) {
		p.opened ||= (async () => {
			const { model, sound } = p.data, config = await openModel(model);
			let tracks = [], borders = [0, 1];
			if (config.audio) {
				const samples = await stems(sound, config.rate);
				const segments = p.columns.length || 1;
				borders = p.columns.length ? [0, ...p.columns.map((column) => Math.round(column.end * config.rate))] : [0, samples[0].length];
				tracks = samples.map((data, i) => ({
					data, cell: Array.from({ length: segments }, (_, s) => p.grid[sound.tracks[i].row]?.[s] ?? -1),
				}));
			}
			const words = p.words.map((f) => ({ place: f, positions: p.positions[f] }));
			const maskToken = p.e.provenance.settings?.mask_token || "";
			await ask(model.code, "song", { song: p.id, model: model.key, rate: config.rate, tracks, borders, text: p.text, words, maskToken });
		})().catch((error) => { p.opened = null; throw error; });
		return p.opened;
	}

	// A promise of the model's probabilities for a mix, or null where nobody can tell.
	async function answer(p, off = p.state.off) {
		if (p.data.table) return fromTable(p, off);
		if (p.data.model && !p.modelFailed) {
			try {
				await openSong(p);
				return await ask(p.data.model.code, "answer", { song: p.id, off: Uint8Array.from(off) });
			} catch (error) {
				p.modelFailed = true;
				console.warn("The model cannot run in this page:", error);
			}
		}
		return askedAhead(p, off);
	}

	// What is known of a mix at once: the model was asked before, by the reader or by the book.
	function model(p, off = p.state.off) {
		const known = p.known.get(off.join(""));
		if (known) return known;
		const asIs = (p.data.truth || p.data.model || p.data.table) && !off.some(Boolean);
		return asIs ? p.e.probabilities : askedAhead(p, off);
	}

	// Ask about the present mix, one question at a time: of quick changes only the last is answered.
	async function askModel(p) {
		const canAnswer = p.data.table || (p.data.model && !p.modelFailed);
		if (!canAnswer || p.waiting || !isMuted(p) || p.known.has(p.state.off.join(""))) return;
		p.waiting = true;
		const off = Uint8Array.from(p.state.off);
		try {
			const found = await answer(p, off);
			if (found) p.known.set(off.join(""), found);
		} catch {
			p.modelFailed = true;
		} finally {
			p.waiting = false;
		}
		paintAnswers(p);
		if (off.join("") !== p.state.off.join("")) askModel(p);
	}

	// ---- Sound: one source and one gain a stem, the gains moved at segment borders -----------------------

	const columnAt = (p, t) => Math.max(0, p.columns.findLastIndex((column) => column.start <= t + 1e-6));
	const levels = (p, track, off) => p.columns.map((_, s) => (off[p.grid[track.row]?.[s]] ? 0 : 1));

	function schedule(p, param, level, now, from, moving, one) {
		if (!level.length) return;
		const here = columnAt(p, from);
		param.setValueAtTime(moving ? param.value : level[here], now);
		if (moving) param.linearRampToValueAtTime(level[here], now + RAMP);
		for (let s = here + 1; s < level.length && !one; s++) {
			if (level[s] === level[s - 1]) continue;
			const border = Math.max(now + 2 * RAMP, now + p.columns[s].start - from);
			param.setValueAtTime(level[s - 1], border - RAMP / 2);
			param.linearRampToValueAtTime(level[s], border + RAMP / 2);
		}
	}

	async function render(p, off = p.state.off) {
		const { sound } = p.data, samples = await stems(sound), offline = new OfflineAudioContext(1, sound.samples, sound.rate);
		sound.tracks.forEach((track, i) => {
			const source = new AudioBufferSourceNode(offline, { buffer: bufferOf(samples[i], sound.rate) }), gain = new GainNode(offline);
			source.connect(gain).connect(offline.destination);
			schedule(p, gain.gain, levels(p, track, off), 0, 0);
			source.start(0);
		});
		return offline.startRendering();
	}

	function position(p) {
		if (!p.live) return p.state.position;
		const gone = Math.max(0, p.live.context.currentTime - p.live.at), length = p.live.to - p.live.from;
		return p.live.from + (p.live.loop ? gone % length : Math.min(gone, length));
	}

	function halt(p) {
		p.ticket++;
		if (p.live) {
			if (p.live.row === undefined) p.state.position = Math.min(position(p), p.seconds);
			p.live.nodes.forEach(({ source }) => { source.onended = null; source.stop(); });
		}
		p.live = null;
		p.state.playing = false;
		if (sounding === p.pause) sounding = null;
	}

	function cutOut(data, rate, from, to) {
		const fade = Math.round(RAMP * rate), cut = data.slice(Math.round(from * rate), Math.round(to * rate));
		for (let i = 0; i < Math.min(fade, cut.length); i++) {
			cut[i] *= i / fade;
			cut[cut.length - 1 - i] *= i / fade;
		}
		return cut;
	}

	// run: {from} plays on from there, {from, to} one segment, with row only one stem of it.
	async function start(p, run) {
		const { sound } = p.data;
		if (!sound) return;
		halt(p);
		if (sounding) sounding();
		sounding = p.pause;
		const mine = ++p.ticket, context = contexts[sound.rate] ||= new AudioContext({ sampleRate: sound.rate });
		context.resume();
		p.nodes.play.setAttribute("aria-busy", "true");
		let samples;
		try { samples = await stems(sound); } catch { return say(p, "The sound could not be loaded."); }
		finally { p.nodes.play.removeAttribute("aria-busy"); }
		if (mine !== p.ticket) return;
		const whole = run.to === undefined, now = context.currentTime + 0.02;
		p.live = { context, at: now, ...run, to: whole ? p.seconds : run.to, whole };
		const isHeard = (track) => run.row === undefined || track.row === run.row || track.row >= p.rows.length;
		p.live.nodes = sound.tracks.map((track, i) => ({ track, data: samples[i] })).filter(({ track }) => isHeard(track)).map(({ track, data }) => {
			const buffer = bufferOf(whole ? data : cutOut(data, sound.rate, run.from, run.to), sound.rate);
			const source = new AudioBufferSourceNode(context, { buffer, loop: Boolean(run.loop) }), gain = new GainNode(context);
			source.connect(gain).connect(context.destination);
			if (run.row === undefined) schedule(p, gain.gain, levels(p, track, p.state.off), now, run.from, false, !whole);
			source.start(now, whole ? run.from : 0);
			return { source, gain, track };
		});
		p.live.nodes[0].source.onended = () => { halt(p); if (whole) p.state.position = 0; tick(p); };
		p.state.playing = true;
		tick(p);
	}

	// A change while it plays is heard at once.
	function remix(p) {
		if (!p.live || p.live.row !== undefined) return;
		for (const { gain, track } of p.live.nodes) {
			gain.gain.cancelScheduledValues(p.live.context.currentTime);
			schedule(p, gain.gain, levels(p, track, p.state.off), p.live.context.currentTime, position(p), true, !p.live.whole);
		}
	}

	function play(p) {
		const column = p.columns[columnAt(p, p.state.position)];
		start(p, p.state.loop && column ? { from: column.start, to: column.end, loop: true } : { from: p.state.position });
	}

	function seek(p, t) {
		const again = p.live;
		halt(p);
		p.state.position = Math.min(t, p.seconds - 0.01);
		if (again) play(p); else tick(p);
	}

	// ---- The mix: which features are muted ----------------------------------------------------------------

	function strongest(p) {
		const { w } = p.now;
		return [...p.features.keys()].filter((f) => w[f] > 0).sort((f, g) => w[g] - w[f] || f - g);
	}

	function choose(p, mode) {
		p.state.mode = mode;
		p.state.top = Number(p.nodes.top.value);
		const top = new Set(strongest(p).slice(0, p.state.top));
		if (mode !== "own") p.state.off.forEach((_, f) => { p.state.off[f] = mode === "song" ? 0 : Number(top.has(f) === (mode === "without")); });
		paint(p);
		remix(p);
	}

	function toggle(p, list, off = list.some((f) => !p.state.off[f])) {
		list.forEach((f) => { p.state.off[f] = Number(off); });
		p.state.mode = isMuted(p) ? "own" : "song";
		paint(p, list);
		remix(p);
	}

	function askAbout(p, label, against) {
		p.state.label = label;
		p.state.against = against === label ? -1 : against;
		p.nodes.label.selectedIndex = p.state.label;
		p.nodes.against.selectedIndex = p.state.against + 1;
		p.now = currentWeights(p);
		choose(p, p.state.mode);
		if (p.again) paintAgain(p);
	}

	// ---- A mix in the page's address ----------------------------------------------------------------------

	function addressOf(p) {
		const off = [...p.state.off].join("").replace(/.{1,4}/g, (bits) => parseInt(bits.padEnd(4, "0"), 2).toString(16));
		const parts = [p.e.song.id || "", p.state.label, p.state.against, off.replace(/0+$/, "")];
		return `#mix=${parts.map(encodeURIComponent).join("/")}`;
	}

	function readAddress(p) {
		if (!location.hash.startsWith("#mix=")) return;
		let parts;
		try { parts = location.hash.slice(5).split("/").map(decodeURIComponent); } catch { return; }
		const [song, label, against, off = ""] = parts;
		if (song !== (p.e.song.id || "") || !(label in p.classes) || !/^[0-9a-f]*$/.test(off)) return;
		[...off].forEach((digit, i) => [...parseInt(digit, 16).toString(2).padStart(4, "0")].forEach((bit, j) => {
			if (4 * i + j < p.features.length) p.state.off[4 * i + j] = Number(bit);
		}));
		p.state.mode = isMuted(p) ? "own" : "song";
		askAbout(p, Number(label), against in p.classes ? Number(against) : -1);
		p.root.scrollIntoView();
	}

	function share(p) {
		const address = addressOf(p);
		try { history.replaceState(null, "", address); } catch { location.hash = address; }
		navigator.clipboard?.writeText(location.href).catch(() => {});
		say(p, "The address of this page now leads to this mix.");
	}

	// ---- Markup: a fixed frame, into which the data goes as text -------------------------------------------

	function choices(p, name, legend, options) {
		const set = element("fieldset", { class: `ml-choice ml-${name}` }, element("legend", {}, legend));
		for (const [value, text] of options) {
			set.append(element("label", { class: `ml-${value}` }, element("input", { type: "radio", name: p.id + name, value }), element("span", {}, text)));
		}
		return set;
	}

	const FRAME = `<div class="ml-head"><span class="ml-why"><label>why <select class="ml-label" aria-label="Class to explain"></select></label>
			<label>and not <select class="ml-against" aria-label="Class to hold it against"><option>\u2013</option></select></label></span><span class="ml-said"></span></div>
		<div class="ml-transport"><button type="button" class="ml-play"></button><input type="range" class="ml-seek" min="0" step="0.01" aria-label="Position">
			<span class="ml-time"></span><button type="button" class="ml-button ml-loop" aria-pressed="false" aria-label="loop this segment">loop</button></div>
		<div class="ml-modes"><label class="ml-many">how many pieces<input type="range" class="ml-top" min="1" aria-label="How many pieces"><output></output></label></div>
		<div class="ml-heard"><div class="ml-over"><span class="ml-kicker">Sound</span></div>
			<div class="ml-scroll"><div class="ml-grid" role="grid" aria-label="Stems by time: arrow keys move, Enter mutes or restores, L plays it alone"></div></div></div>
		<p class="ml-readout" aria-hidden="true"></p>
		<div class="ml-two"><div class="ml-written"><div class="ml-over"><span class="ml-kicker">Lyrics</span><small class="ml-sum"></small></div>
				<div class="ml-lyrics" role="group" aria-label="Lyrics: arrow keys move, Enter removes or restores a word"></div></div>
			<div><div class="ml-over"><span class="ml-kicker">What the model says</span><span class="ml-legend"><i></i>model<b></b>sum of weights</span></div>
				<div class="ml-bars" role="group" aria-label="What the model says"></div>
				<button type="button" class="ml-button ml-more" hidden></button></div></div>
		<p class="ml-status" role="status"><span class="ml-now-says"></span> <span class="ml-told"></span></p>
		<div class="ml-again" hidden></div>
		<div class="ml-foot"><p class="ml-trust"></p><button type="button" class="ml-button ml-explain">explain again</button><button type="button" class="ml-button ml-share">link to this mix</button>
			<details class="ml-made"><summary>how made</summary><dl></dl></details><button type="button" class="ml-button ml-save">download</button></div>`;
	const NAMES = ["label", "against", "play", "seek", "time", "loop", "top", "grid", "readout", "lyrics", "bars", "more", "status", "now-says", "told", "again", "trust", "explain", "share", "save", "said", "sum", "legend", "heard"];

	function frame(p) {
		const title = p.root.querySelector(".ml-title"), template = document.createElement("template");
		p.tableNode = p.root.querySelector(".ml-table");
		template.innerHTML = FRAME;
		p.root.replaceChildren(template.content);
		const find = (name) => p.root.querySelector(`.ml-${name}`);
		find("head").prepend(title);
		find("made").before(p.tableNode);
		find("modes").prepend(choices(p, "mode", "listen to", [["song", "the song"], ["only", "only what mattered"], ["without", "without what mattered"], ["own", "your mix"]]));
		find("over").append(choices(p, "tool", "a click", [["mute", "mutes"], ["hear", "plays it alone"]]));
		p.nodes = Object.fromEntries(NAMES.map((name) => [name, find(name)]));
		p.nodes.output = p.root.querySelector("output");
		p.root.setAttribute("role", "group");
		p.root.setAttribute("aria-label", `Explanation of ${p.e.song.title || p.e.song.id || "a song"}`);
		p.root.classList.toggle("ml-silent", !p.data.sound);
		p.root.classList.toggle("ml-unasked", !p.data.truth && !p.data.model && !p.data.table);
	}

	function controls(p) {
		const { nodes, state, classes } = p, find = (name) => p.root.querySelector(`.ml-${name}`);
		nodes.play.onclick = () => (p.live ? p.pause() : play(p));
		nodes.seek.max = p.seconds;
		nodes.seek.oninput = () => seek(p, Number(nodes.seek.value));
		nodes.loop.onclick = () => {
			state.loop = !state.loop;
			nodes.loop.setAttribute("aria-pressed", state.loop);
			if (p.live) { halt(p); play(p); }
		};
		for (const select of [nodes.label, nodes.against]) select.append(...classes.map((name) => element("option", {}, name)));
		nodes.label.selectedIndex = state.label;
		nodes.label.onchange = () => askAbout(p, nodes.label.selectedIndex, state.against);
		nodes.against.onchange = () => askAbout(p, state.label, nodes.against.selectedIndex - 1);
		nodes.against.parentNode.hidden = classes.length < 2;
		find("mode").onchange = (event) => choose(p, event.target.value);
		find("tool").onchange = (event) => { state.tool = event.target.value; };
		find("mute").firstChild.checked = true;
		nodes.top.max = Math.min(20, Math.max(1, ...p.e.weights.map((row) => row.filter((w) => w > 0).length)));
		nodes.top.value = state.top;
		nodes.top.oninput = () => choose(p, state.mode === "without" ? "without" : "only");
		nodes.share.onclick = () => share(p);
		nodes.explain.hidden = !p.data.model;
		nodes.explain.onclick = () => explainAgain(p);
		nodes.save.onclick = () => {
			const href = URL.createObjectURL(new Blob([JSON.stringify(p.e)], { type: "application/json" }));
			element("a", { href, download: "explanation.json" }).click();
		};
	}

	// ---- The grid: one tab stop, arrow keys move inside it; heads stand for all their cells ----------------

	const spanOf = ({ start: from, end }) => `${from.toFixed(1)} to ${end.toFixed(1)} seconds`;

	function describe(p, f) {
		const feature = p.features[f], isSound = feature.modality === "audio";
		const name = isSound ? `${feature.stem}, ${spanOf(feature)}` : feature.text || feature.name;
		const weight = `${signed(p.now.w[f])} plus or minus ${size(p.now.error[f])} for ${question(p)}`;
		const zero = couldBeZero(p, f) ? ", could be zero" : "";
		const muted = p.state.off[f] ? (isSound ? ", muted" : ", removed") : "";
		return `${name}, ${weight}${zero}${muted}`;
	}

	function inspect(p, f) {
		let text = "";
		if (f !== undefined) text = describe(p, f).replace(" plus or minus ", " \u00b1 ");
		else {
			if (p.columns.length) text = "Click a cell to mute it. ";
			if (p.words.length) text += "Click a word to take it out.";
		}
		p.nodes.readout.textContent = text;
	}

	// One cell or head: list are its features, run is what plays when it is heard alone.
	function gridItem(p, role, list, run, ...children) {
		const hear = () => (p.data.sound ? start(p, run) : say(p, "There is no sound here."));
		const act = (event) => {
			const isClick = event.type === "click";
			if (!isClick && !["Enter", " ", "m", "M", "l", "L"].includes(event.key)) return;
			event.preventDefault();
			const alone = isClick ? event.target.closest(".ml-alone") || (p.state.tool === "hear" && !event.shiftKey) : /^l$/i.test(event.key);
			if (alone) hear();
			else toggle(p, list);
		};
		const show = () => inspect(p, list.length === 1 ? list[0] : undefined);
		return element("div", { role, class: `ml-${role}`, tabindex: -1, onclick: act, onkeydown: act, onpointerenter: show, onfocus: show }, ...children);
	}

	function buildGrid(p) {
		const { columns, grid, rows, nodes } = p;
		p.cells = p.features.map(() => []); // every cell or word on the page that stands for a feature
		p.matrix = [];
		p.sums = rows.map(() => element("small"));
		p.band = element("div", { class: "ml-band", "aria-hidden": "true" }, element("i"));
		if (!columns.length) { nodes.heard.hidden = nodes.loop.hidden = true; return; }
		const heads = columns.map((column, s) => {
			const list = grid.map((row) => row[s]).filter((f) => f >= 0), text = Math.floor(column.start + 0.01) + (s ? "" : " s");
			const head = gridItem(p, "columnheader", list, { from: column.start, to: column.end }, text);
			head.setAttribute("aria-label", `all stems, ${spanOf(column)}`);
			return head;
		});
		p.matrix.push([undefined, ...heads]);
		const corner = element("div", { role: "columnheader", class: "ml-corner" }, "stem", element("small", {}, "sum"));
		nodes.grid.append(element("div", { role: "row" }, corner, ...heads));
		rows.forEach((stem, r) => {
			const cells = columns.map((column, s) => {
				const alone = element("span", { class: "ml-alone", "aria-hidden": "true", title: "hear it alone" });
				const cell = gridItem(p, "gridcell", [grid[r][s]], { from: column.start, to: column.end, row: r }, element("span", { class: "ml-sign" }), alone);
				p.cells[grid[r][s]].push(cell);
				return cell;
			});
			p.matrix.push([gridItem(p, "rowheader", grid[r], { from: 0, row: r }, element("span", {}, stem), p.sums[r]), ...cells]);
			nodes.grid.append(element("div", { role: "row" }, ...p.matrix[r + 1]));
		});
		nodes.grid.append(p.band);
		nodes.grid.style.setProperty("--columns", columns.length);
		nodes.grid.onpointerleave = () => inspect(p);
		gridKeys(p);
	}

	function gridKeys(p) {
		const { grid } = p.nodes, { matrix } = p;
		let stop = matrix[1][1];
		stop.tabIndex = 0;
		grid.addEventListener("focusin", ({ target }) => {
			stop.tabIndex = -1;
			stop = target;
			stop.tabIndex = 0;
		});
		grid.addEventListener("keydown", (event) => {
			if (event.ctrlKey || event.metaKey) return;
			const r = matrix.findIndex((row) => row.includes(event.target)), s = matrix[r].indexOf(event.target);
			const moves = { ArrowUp: [r - 1, s], ArrowDown: [r + 1, s], ArrowLeft: [r, s - 1], ArrowRight: [r, s + 1], Home: [r, r ? 0 : 1], End: [r, p.columns.length] };
			const [row, column] = moves[event.key] || [], to = matrix[row]?.[column];
			if (to) { event.preventDefault(); to.focus(); }
		});
	}

	// ---- The lyrics: a span for each occurrence of a word, plain text between them ---------------------------

	function lyricSpans(p) {
		const marks = p.words.flatMap((f) => p.positions[f].map(([from, to]) => ({ from, to, feature: f })));
		// A word that is sung but not explained is lit all the same.
		const isCovered = (sung) => marks.some((mark) => mark.from < sung.last && mark.to > sung.first);
		if (!p.words.length) marks.push(...p.sungAt.filter((sung) => !isCovered(sung)).map(({ first, last }) => ({ from: first, to: last })));
		return marks.sort((one, other) => one.from - other.from);
	}

	function buildLyrics(p) {
		const all = document.createDocumentFragment(), { text } = p;
		let line = element("div", { dir: "auto" }), done = 0;
		p.spans = [];
		const put = (piece) => piece.split("\n").forEach((part, i) => {
			if (i) { all.append(line); line = element("div", { dir: "auto" }); }
			if (part) line.append(part);
		});
		for (const { from, to, feature } of lyricSpans(p)) {
			if (from < done) continue;
			put(text.slice(done, from));
			const isShort = to - from < 5 ? "ml-word ml-short" : "ml-word";
			const word = feature === undefined ? element("span", { class: "ml-sung" }, text.slice(from, to)) : element("span", { class: isShort, role: "button", tabindex: -1 }, text.slice(from, to));
			Object.assign(word, { feature, from, to, place: p.spans.length });
			p.spans.push(word);
			if (feature !== undefined) p.cells[feature].push(word);
			line.append(word);
			done = to;
		}
		put(text.slice(done));
		p.nodes.lyrics.append(all, line);
		p.root.querySelector(".ml-written").hidden = !text;
		p.sung = p.sungAt.map(({ from, to, first, last }) => ({ from, to, word: p.spans.find((span) => span.from < last && span.to > first) })).filter((sung) => sung.word);
		lyricKeys(p);
	}

	function lyricKeys(p) {
		const { lyrics } = p.nodes;
		let stop = p.words.length && p.spans[0] ? p.spans[0] : lyrics;
		stop.tabIndex = 0;
		const take = (event) => {
			if (event.target.feature === undefined || (event.type === "keydown" && !["Enter", " ", "m", "M"].includes(event.key))) return;
			event.preventDefault();
			toggle(p, [event.target.feature]);
		};
		lyrics.addEventListener("click", take);
		lyrics.addEventListener("keydown", take);
		lyrics.addEventListener("pointerover", ({ target }) => inspect(p, target.feature));
		lyrics.addEventListener("focusin", ({ target }) => {
			inspect(p, target.feature);
			if (target.feature === undefined) return;
			stop.tabIndex = -1;
			stop = target;
			stop.tabIndex = 0;
		});
		lyrics.addEventListener("keydown", (event) => {
			const at = event.target.place;
			const moves = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: p.spans.length - 1 };
			const to = p.spans[moves[event.key]];
			if (to) { event.preventDefault(); to.focus(); }
		});
	}

	// ---- The bars: the model's answer, and a thin mark for the sum of weights ---------------------------------

	function buildBars(p) {
		const { probabilities } = p.e, { bars, more } = p.nodes;
		p.wide = Math.max(1, ...probabilities);
		p.bars = [...p.classes.keys()].sort((c, d) => probabilities[d] - probabilities[c]).map((c, place) => {
			const bar = { c, place, fill: element("i", { class: "ml-bar" }), mark: element("b", { class: "ml-mark" }), real: element("span", { class: "ml-true" }), own: element("span") };
			const track = element("span", { class: "ml-track", "aria-hidden": "true" }, bar.fill, bar.mark);
			bar.row = element("div", { class: "ml-class" }, element("span", {}, p.classes[c]), track, element("span", { class: "ml-numbers" }, bar.real, bar.own));
			bars.append(bar.row);
			return bar;
		});
		more.hidden = p.bars.length <= SHOWN_CLASSES + 1;
		more.textContent = `all ${p.bars.length} classes`;
		more.onclick = () => { p.allClasses = true; more.hidden = true; paintAnswers(p); };
	}

	// ---- Painting: colours, bars, words -------------------------------------------------------------------------

	function paint(p, list = p.features.keys()) {
		const { w } = p.now, { off, mode } = p.state;
		for (const f of list) {
			const share = unit(Math.abs(w[f]) / p.scale), sure = !couldBeZero(p, f), gone = Boolean(off[f]), name = describe(p, f);
			for (const node of p.cells[f]) {
				// Less than linear, so that a small weight that differs from zero is still seen.
				node.style.setProperty("--w", (share ** 0.7).toFixed(3));
				node.classList.toggle("ml-against", w[f] < 0);
				node.classList.toggle("ml-unsure", !sure);
				node.classList.toggle("ml-off", gone);
				node.setAttribute("aria-label", name);
				if (node.place >= 0) node.setAttribute("aria-pressed", gone);
				else node.firstChild.textContent = gone ? "muted" : sure ? (w[f] < 0 ? "\u2212" : "+").repeat(share > 0.5 ? 2 : 1) : "\u00b7";
			}
		}
		const total = (part) => signed(part.reduce((sum, f) => sum + w[f], 0));
		p.rows.forEach((_, r) => { p.sums[r].textContent = total(p.grid[r]); });
		p.nodes.sum.textContent = p.words.length ? `sum ${total(p.words)}` : "not explained";
		const { label, against } = p.state, own = p.e.probabilities;
		p.nodes.said.textContent = against < 0 ? `the model gives it ${fixed(own[label])}` : `the model gives them ${fixed(own[label])} and ${fixed(own[against])}`;
		p.root.querySelector(`.ml-${mode}`).firstChild.checked = true;
		p.root.querySelector(".ml-mode").classList.toggle("ml-edited", mode === "own");
		p.nodes.output.textContent = p.state.top;
		paintAnswers(p);
		if (p.tableNode.open) fillTable(p);
		askModel(p);
	}

	function paintAnswers(p) {
		const own = surrogate(p), real = model(p), { label, against } = p.state;
		for (const { c, place, row, fill, mark, real: trueNumber, own: ownNumber } of p.bars) {
			row.hidden = !(p.allClasses || place < SHOWN_CLASSES || p.bars.length <= SHOWN_CLASSES + 1 || c === label || c === against);
			row.classList.toggle("ml-chosen", c === label || c === against);
			row.classList.toggle("ml-guess", !real);
			fill.style.width = `${100 * unit((real || own)[c] / p.wide)}%`;
			mark.style.left = `${100 * unit(own[c] / p.wide)}%`;
			trueNumber.textContent = real ? fixed(real[c]) : "\u2013";
			ownNumber.textContent = fixed(own[c]);
		}
		p.root.classList.toggle("ml-waiting", !real && p.waiting);
		paintStatus(p, own, real);
	}

	function paintStatus(p, own, real) {
		const { label, off } = p.state, name = p.classes[label];
		const count = (part, one, verb) => {
			const k = part.filter((f) => off[f]).length;
			return k ? [`${k} ${one}${k > 1 ? "s" : ""} ${verb}`] : [];
		};
		const changed = [...count(p.audio, "cell", "muted"), ...count(p.words, "word", "removed")].join(", ");
		const now = real ? `${name} ${fixed(real[label])}` : `${name} \u2013`;
		const moved = real && changed ? ` (${change(real[label] - p.e.probabilities[label])})` : "";
		p.nodes["now-says"].textContent = now + moved;
		let text = `${changed || "The whole song"}; the sum of weights says ${fixed(own[label])}.`;
		if (!real && p.data.model && !p.modelFailed) text += " The model is listening.";
		else if (!real && changed && (p.data.truth || p.modelFailed)) text += " The model was not asked about this mix.";
		if (real && changed && Math.abs(real[label] - own[label]) > 0.1) text += " The model differs, because some pieces need each other and a sum cannot say so.";
		say(p, text);
	}

	function say(p, text) { p.nodes.told.textContent = text; }

	function tick(p) {
		const { nodes, state } = p, t = position(p), s = p.live && p.columns.length ? columnAt(p, t) : -1;
		nodes.play.classList.toggle("ml-playing", state.playing);
		nodes.play.setAttribute("aria-label", state.playing ? "Pause" : "Play");
		nodes.seek.value = t;
		nodes.seek.setAttribute("aria-valuetext", `${clock(t)} of ${clock(p.seconds)}`);
		nodes.time.textContent = `${clock(t)} / ${clock(p.seconds)}`;
		p.band.hidden = !p.live;
		if (s >= 0) p.band.firstChild.style.left = `${(100 * (s + (t - p.columns[s].start) / (p.columns[s].end - p.columns[s].start))) / p.columns.length}%`;
		if (s !== p.lastColumn) lightColumn(p, s);
		lightWords(p, t);
		if (!p.live || p.live.row === undefined) state.position = t;
		if (p.live) requestAnimationFrame(() => tick(p));
	}

	function lightColumn(p, s) {
		p.nodes.grid.querySelectorAll(".ml-now").forEach((node) => node.classList.remove("ml-now"));
		p.lastColumn = s;
		if (s < 0) return;
		p.matrix.forEach((row, r) => {
			const isHeard = p.live.row === undefined || !r || p.live.row === r - 1;
			if (row[s + 1] && isHeard) row[s + 1].classList.add("ml-now");
		});
	}

	function lightWords(p, t) {
		const vocalsHeard = p.live && (p.live.row === undefined || p.rows[p.live.row] === "vocals");
		const now = vocalsHeard ? p.sung.filter((sung) => sung.from <= t && t < sung.to).map((sung) => sung.word) : [];
		if (now[0] === p.lit[0] && now.length === p.lit.length) return;
		p.lit.forEach((word) => word.classList.remove("ml-now"));
		now.forEach((word) => word.classList.add("ml-now"));
		p.lit = now;
		if (!now[0]) return;
		const { lyrics } = p.nodes, line = now[0].offsetTop;
		if (line < lyrics.scrollTop || line > lyrics.scrollTop + lyrics.clientHeight - 40) lyrics.scrollTop = line - 40;
	}

	// ---- Explain again: new masks in the worker, the new weights beside the old ---------------------------------

	// With so many masks, or with as many as it takes; a promise of the last look.
	async function explainAgain(p, asked, seed = Math.floor(Math.random() * 2 ** 31)) {
		if (p.again?.running) return stopAgain(p);
		const masks = asked || AGAIN_MASKS, wanted = asked ? 0 : AGAIN_WANTED, most = asked || AGAIN_MOST;
		p.again = { running: true, masks, done: 0, look: null };
		paintAgain(p);
		try {
			await openSong(p);
			const { code } = p.data.model, { audio: cells, words } = p;
			const how = { masks, most, wanted, label: p.state.label, seed, alpha: p.e.provenance.settings?.alpha ?? 1 };
			await ask(code, "again", { song: p.id, cells, words, ...how }, (look) => {
				p.again.done = look.done;
				p.again.masks = look.masks;
				if (look.weights) p.again.look = reorder(p, look);
				paintAgain(p);
			}, (id) => { p.again.question = id; });
		} catch (error) {
			p.again.error = error.message;
		}
		p.again.running = false;
		paintAgain(p);
		return p.again.look;
	}

	// The worker names sound first, then words; the explanation may not.
	function reorder(p, look) {
		const order = [...p.audio, ...p.words], place = (row) => {
			const out = [];
			order.forEach((f, i) => { out[f] = row[i]; });
			return out;
		};
		return { ...look, weights: look.weights.map(place), errors: look.errors.map(place) };
	}

	function stopAgain(p) {
		if (p.again.question) ask(p.data.model.code, "stop", { which: p.again.question });
	}

	function correlation(a, b) {
		const mean = (list) => list.reduce((sum, x) => sum + x, 0) / list.length, [m, n] = [mean(a), mean(b)];
		const dot = (x, y, u, v) => x.reduce((sum, _, i) => sum + (x[i] - u) * (y[i] - v), 0);
		return dot(a, b, m, n) / Math.sqrt(dot(a, a, m, m) * dot(b, b, n, n) || 1);
	}

	function paintAgain(p) {
		const { again } = p, panel = p.nodes.again;
		panel.hidden = false;
		p.nodes.explain.textContent = again.running ? "stop" : "explain again";
		const head = element("div", { class: "ml-over" }, element("span", { class: "ml-kicker" }, "Explained again"), element("span", { class: "ml-legend ml-old-new" }, element("i"), "before", element("b"), "now"));
		const told = element("p", { class: "ml-again-told" });
		panel.replaceChildren(head, told);
		if (again.error) { told.textContent = `It could not be done: ${again.error}.`; return; }
		const progress = again.running ? `${again.done} of ${again.masks} new masks` : `${again.done} new masks`;
		if (!again.look) { told.textContent = `${progress}.`; return; }
		const current = { ...p, e: { ...p.e, weights: again.look.weights, errors: again.look.errors, contrasts: null } }, fresh = currentWeights(current), old = p.now;
		const ranked = (w) => [...w.keys()].sort((f, g) => w[g] - w[f]).slice(0, 5), five = ranked(old.w);
		const same = ranked(fresh.w).filter((f) => five.includes(f)).length;
		told.textContent = `${progress}. The new weights correlate with the old at ${fixed(correlation(old.w, fresh.w))}; ${same} of the top five are the same.`;
		if (p.state.against < 0) told.textContent += ` With endlessly many masks the weights would correlate with the new ones at about ${fixed(again.look.expected[p.state.label])}.`;
		const strength = (f) => Math.max(Math.abs(old.w[f]), Math.abs(fresh.w[f]));
		const shown = [...p.features.keys()].sort((f, g) => strength(g) - strength(f)).slice(0, AGAIN_ROWS);
		const reach = Math.max(...shown.map((f) => strength(f) + 2 * Math.max(old.error[f], fresh.error[f])), 1e-9);
		panel.append(element("ul", {}, ...shown.map((f) => againRow(p, f, old, fresh, reach))));
	}

	function againRow(p, f, old, fresh, reach) {
		const at = (x) => `${50 + (50 * Math.max(-reach, Math.min(reach, x))) / reach}%`;
		const interval = (which, w, error) => {
			const line = element("i", { class: `ml-${which}` }), dot = element("b", { class: `ml-${which}` });
			line.style.left = at(w - 1.96 * error);
			line.style.right = `calc(100% - ${at(w + 1.96 * error)})`;
			dot.style.left = at(w);
			return [line, dot];
		};
		const feature = p.features[f], numbers = `${signed(fresh.w[f])} \u00b1 ${size(fresh.error[f])}`;
		const track = element("span", { class: "ml-intervals", "aria-hidden": "true" }, ...interval("old", old.w[f], old.error[f]), ...interval("new", fresh.w[f], fresh.error[f]));
		return element("li", {}, element("span", { dir: "auto" }, feature.text && feature.modality !== "audio" ? feature.text : feature.name), track, element("span", { class: "ml-numbers" }, numbers));
	}

	// ---- Trust, provenance and the weights as a table -------------------------------------------------------------

	function fillTable(p) {
		const { w, error } = p.now, order = [...p.features.keys()].sort((f, g) => Math.abs(w[g]) - Math.abs(w[f]));
		p.tableNode.querySelector("caption").textContent = `Weights for ${question(p)}`;
		p.tableNode.querySelector("tbody").replaceChildren(...order.map((f) => {
			const texts = [p.features[f].name, p.features[f].modality, signed(w[f]), size(error[f])];
			return element("tr", {}, ...texts.map((text) => element("td", { dir: "auto" }, text)));
		}));
	}

	function flat(value) {
		if (!value || typeof value !== "object") return String(value);
		return Object.entries(value).map(([key, inner]) => (Array.isArray(value) ? "" : `${key} `) + flat(inner)).join(", ");
	}

	function buildFoot(p) {
		const { label } = p.state, error = [...p.e.errors[label]].sort((one, other) => one - other);
		const parts = [`R\u00b2 ${fixed(p.e.score[label])}`, `median error ${size(error[error.length >> 1])}`];
		if (p.words.length) parts.push(`${p.words.filter((f) => couldBeZero(p, f)).length} of ${p.words.length} words could be zero`);
		parts.push(`another run would name ${Math.round(100 * p.data.steady[label])} % of the top five again`);
		p.nodes.trust.textContent = parts.join(" \u00b7 ");
		p.tableNode.ontoggle = () => p.tableNode.open && fillTable(p);
		const made = { samples: p.e.samples, design: p.e.design, seed: p.e.seed, ...p.e.provenance };
		p.root.querySelector("dl").append(...Object.entries(made).flatMap(([key, value]) => [element("dt", {}, key), element("dd", {}, flat(value))]));
	}

	function build(root) {
		const p = readPlayer(root);
		p.now = currentWeights(p);
		p.pause = () => { halt(p); tick(p); };
		frame(p);
		controls(p);
		buildGrid(p);
		buildLyrics(p);
		buildBars(p);
		buildFoot(p);
		inspect(p);
		paint(p);
		tick(p);
		root.musiclime = {
			state: p.state, data: p.data, pause: p.pause,
			surrogate: (off) => surrogate(p, off), model: (off) => model(p, off), answer: (off) => answer(p, off),
			render: (off) => render(p, off), stems: (rate) => stems(p.data.sound, rate), toggle: (list, off) => toggle(p, list, off),
			choose: (mode) => choose(p, mode), why: (label, against = -1) => askAbout(p, label, against), address: () => addressOf(p),
			play: () => play(p), seek: (t) => seek(p, t), position: () => position(p), again: (masks, seed) => explainAgain(p, masks, seed),
		};
		readAddress(p);
	}

	function scan() {
		document.querySelectorAll(".ml-player:not([data-ready])").forEach((root) => {
			root.dataset.ready = "yes";
			build(root);
		});
		window.musiclimePlant?.();
	}

	window.musiclime = { scan, tools: { element, stems, openModel, ask, bufferOf, bytesOf, loadScript, fixed, size, signed, change, placesIn } };
	if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", scan); else scan();
})();
