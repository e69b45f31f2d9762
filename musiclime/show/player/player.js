// One script for any number of players on a page; a second copy of it only looks for new ones.
(() => {
	"use strict";
	if (window.musiclime) return window.musiclime.scan();
	const RAMP = 0.004; // seconds: a gain that jumps is heard as a click
	const sounds = {}, contexts = {};
	let sounding = null, serial = 0;

	const el = (tag, props = {}, ...children) => {
		const node = document.createElement(tag);
		for (const [name, value] of Object.entries(props)) {
			if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
			else if (value !== undefined && value !== false) node.setAttribute(name, value);
		}
		node.append(...children);
		return node;
	};
	const size = (x) => x.toFixed(x < 0.001 ? 5 : x < 0.1 ? 3 : 2);
	const signed = (x) => (x < 0 ? "\u2212" : "+") + size(Math.abs(x));
	const plain = (x) => x.toFixed(2).replace("-0.00", "0.00").replace("-", "\u2212");
	const clock = (t) => `${Math.floor(t / 60)}:${String(Math.floor(t % 60)).padStart(2, "0")}`;
	const unit = (x) => Math.min(1, Math.max(0, x));

	// From disk a page may not fetch, but it may load a script: the stems come as one, on first play.
	const load = (sound) => sounds[sound.key] ||= (async () => {
		if (!sound.mp3) {
			await new Promise((ok, no) => document.head.append(el("script", { src: sound.src, onload: ok, onerror: no })));
		}
		const decoder = new OfflineAudioContext(1, 1, sound.rate);
		return Promise.all((sound.mp3 || window.musiclimeSound[sound.key]).map(async (text, i) => {
			const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
			const decoded = (await decoder.decodeAudioData(bytes.buffer)).getChannelData(0);
			// A decoder that leaves the encoder's delay in returns more than was put in.
			const lead = decoded.length > sound.samples + sound.lead / 2 ? sound.lead : 0;
			const buffer = new AudioBuffer({ length: sound.samples, sampleRate: sound.rate });
			const data = decoded.slice(lead, lead + sound.samples).map((x) => x * sound.tracks[i].scale);
			buffer.copyToChannel(data, 0);
			return buffer;
		}));
	})().catch((error) => { delete sounds[sound.key]; throw error; });

	const excerpt = (buffer, from, to) => {
		const rate = buffer.sampleRate, fade = Math.round(RAMP * rate);
		const data = buffer.getChannelData(0).slice(Math.round(from * rate), Math.round(to * rate));
		for (let i = 0; i < Math.min(fade, data.length); i++) {
			data[i] *= i / fade;
			data[data.length - 1 - i] *= i / fade;
		}
		const cut = new AudioBuffer({ length: Math.max(1, data.length), sampleRate: rate });
		cut.copyToChannel(data, 0);
		return cut;
	};

	function build(root) {
		const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
		const { explanation: e, sound, truth } = data;
		const { features, classes, weights, errors } = e;
		const id = `ml${++serial}`, n = features.length;
		const audio = [], words = [], rows = [], columns = [], grid = [];
		features.forEach((feature, f) => {
			(feature.modality === "audio" ? audio : words).push(f);
			if (!(feature.segment >= 0)) return; // a word, or a patch of a spectrogram, which has no cell
			if (!rows.includes(feature.stem)) { rows.push(feature.stem); grid.push([]); }
			grid[rows.indexOf(feature.stem)][feature.segment] = f;
			columns[feature.segment] = { start: feature.start, end: feature.end };
		});
		const seconds = sound ? sound.samples / sound.rate : e.song.seconds || columns.at(-1)?.end || 0;
		const state = { label: data.label, off: new Uint8Array(n), mode: "song", top: 8, tool: "hear", position: 0, loop: false, playing: false };
		let live = null, ticket = 0;

		// What the surrogate and the model say of the present mix.
		const surrogate = (off = state.off) => classes.map((_, c) =>
			weights[c].reduce((sum, w, f) => (off[f] ? sum : sum + w), e.intercept[c]));
		const key = (part, off) => {
			const gone = part.filter((f) => off[f]), kept = part.filter((f) => !off[f]);
			return gone.length <= kept.length ? `-${gone}` : `+${kept}`;
		};
		const model = (off = state.off) => {
			if (!truth) return null;
			const a = key(audio, off), t = key(words, off);
			if (!truth.head) return truth.pairs[`${a}|${t}`] || null;
			const x = truth.audio[a], y = truth.lyrics[t], C = classes.length;
			if (!x || !y) return null;
			const spread = Math.sqrt(x[C + 1] + y[C + 1] - (x[C] + y[C]) ** 2 + truth.head.eps);
			const logits = classes.map((_, c) => (x[c] + y[c]) / spread + truth.head.bias[c]);
			const raised = logits.map((v) => Math.exp(v - Math.max(...logits)));
			const total = raised.reduce((p, q) => p + q);
			return raised.map((v) => v / total);
		};
		const strongest = () => [...features.keys()].filter((f) => weights[state.label][f] > 0)
			.sort((f, g) => weights[state.label][g] - weights[state.label][f] || f - g);

		// Sound: one source and one gain a stem, the gains moved at segment borders.
		const column = (t) => Math.max(0, columns.findLastIndex((c) => c.start <= t + 1e-6));
		const levels = (track, off) => columns.map((_, s) => (off[grid[track.row]?.[s]] ? 0 : 1));
		const schedule = (param, level, now, from, moving, one) => {
			const here = column(from);
			if (!level.length) return;
			param.setValueAtTime(moving ? param.value : level[here], now);
			if (moving) param.linearRampToValueAtTime(level[here], now + RAMP);
			for (let s = here + 1; s < level.length && !one; s++) {
				if (level[s] === level[s - 1]) continue;
				const border = Math.max(now + 2 * RAMP, now + columns[s].start - from);
				param.setValueAtTime(level[s - 1], border - RAMP / 2);
				param.linearRampToValueAtTime(level[s], border + RAMP / 2);
			}
		};
		const render = async (off = state.off) => {
			const buffers = await load(sound), offline = new OfflineAudioContext(1, sound.samples, sound.rate);
			sound.tracks.forEach((track, i) => {
				const source = new AudioBufferSourceNode(offline, { buffer: buffers[i] }), gain = new GainNode(offline);
				source.connect(gain).connect(offline.destination);
				schedule(gain.gain, levels(track, off), 0, 0);
				source.start(0);
			});
			return offline.startRendering();
		};
		const position = () => {
			if (!live) return state.position;
			const gone = Math.max(0, live.context.currentTime - live.at), length = live.to - live.from;
			return live.from + (live.loop ? gone % length : Math.min(gone, length));
		};
		const halt = () => {
			ticket++;
			if (live) {
				if (live.row === undefined) state.position = Math.min(position(), seconds);
				live.nodes.forEach(({ source }) => { source.onended = null; source.stop(); });
			}
			live = null;
			state.playing = false;
			if (sounding === pause) sounding = null;
		};
		const pause = () => { halt(); tick(); };
		const start = async (run) => {
			if (!sound) return;
			halt();
			if (sounding) sounding();
			sounding = pause;
			const mine = ++ticket;
			const context = contexts[sound.rate] ||= new AudioContext({ sampleRate: sound.rate });
			context.resume();
			playButton.setAttribute("aria-busy", "true");
			let buffers;
			try { buffers = await load(sound); } catch { return say("The sound could not be loaded."); }
			finally { playButton.removeAttribute("aria-busy"); }
			if (mine !== ticket) return;
			const whole = run.to === undefined, now = context.currentTime + 0.02;
			live = { context, at: now, ...run, to: whole ? seconds : run.to, whole };
			const heard = sound.tracks.map((track, i) => ({ ...track, buffer: buffers[i] }))
				.filter((track) => run.row === undefined || track.row === run.row || track.row >= rows.length);
			live.nodes = heard.map((track) => {
				const buffer = whole ? track.buffer : excerpt(track.buffer, run.from, run.to);
				const source = new AudioBufferSourceNode(context, { buffer, loop: Boolean(run.loop) });
				const gain = new GainNode(context);
				source.connect(gain).connect(context.destination);
				if (run.row === undefined) schedule(gain.gain, levels(track, state.off), now, run.from, false, !whole);
				source.start(now, whole ? run.from : 0);
				return { source, gain, track };
			});
			live.nodes[0].source.onended = () => { halt(); if (whole) state.position = 0; tick(); };
			state.playing = true;
			tick();
		};
		const remix = () => live && live.row === undefined && live.nodes.forEach(({ gain, track }) => {
			gain.gain.cancelScheduledValues(live.context.currentTime);
			schedule(gain.gain, levels(track, state.off), live.context.currentTime, position(), true, !live.whole);
		});
		const play = () => {
			const s = column(state.position);
			start(state.loop && columns.length ? { from: columns[s].start, to: columns[s].end, loop: true } : { from: state.position });
		};
		const seek = (t) => {
			const again = live;
			halt();
			state.position = Math.min(t, seconds - 0.01);
			if (again) play(); else tick();
		};

		// The mix: which features are off.
		const choose = (mode) => {
			state.mode = mode;
			state.top = Number(slider.value);
			const top = new Set(strongest().slice(0, state.top));
			if (mode !== "own") state.off.forEach((_, f) => { state.off[f] = mode === "song" ? 0 : Number(top.has(f) === (mode === "without")); });
			paint();
			remix();
		};
		const toggle = (list, off = list.some((f) => !state.off[f])) => {
			list.forEach((f) => { state.off[f] = Number(off); });
			state.mode = state.off.some(Boolean) ? "own" : "song";
			paint(list);
			remix();
		};

		// Markup: a fixed frame; everything that came from outside passes through text nodes and attributes only.
		const segmented = (name, legend, options) => `<fieldset class="ml-choice ml-${name}"><legend>${legend}</legend>${options.map(([value, text]) =>
			`<label class="ml-${value}"><input type="radio" name="${id}${name}" value="${value}"><span>${text}</span></label>`).join("")}</fieldset>`;
		const frame = document.createElement("template");
		frame.innerHTML = `<div class="ml-head"><label class="ml-why">why <select aria-label="Class to explain"></select></label><span class="ml-said"></span></div>
			<div class="ml-transport"><button type="button" class="ml-play"></button><input type="range" class="ml-seek" min="0" step="0.01" aria-label="Position"><span class="ml-time"></span><button type="button" class="ml-button ml-loop" aria-pressed="false" aria-label="loop this segment">loop</button></div>
			<div class="ml-modes">${segmented("mode", "listen to", [["song", "the song"], ["only", "only what mattered"], ["without", "without what mattered"], ["own", "your mix"]])}
				<label class="ml-many">how many<input type="range" class="ml-top" min="1" aria-label="How many features"><output></output></label></div>
			<div class="ml-heard"><div class="ml-over"><span class="ml-kicker">Sound</span>${segmented("tool", "a click", [["hear", "plays"], ["mute", "mutes"]])}</div>
				<div class="ml-scroll"><div class="ml-grid" role="grid" aria-label="Stems by time: arrow keys move, Enter plays, M mutes"></div></div></div>
			<p class="ml-readout" aria-hidden="true"></p>
			<div class="ml-two"><div><div class="ml-over"><span class="ml-kicker">Lyrics</span><small class="ml-sum"></small></div>
					<div class="ml-lyrics" role="group" aria-label="Lyrics: arrow keys move, Enter removes or restores a word"></div></div>
				<div><div class="ml-over"><span class="ml-kicker">What it would say</span><span class="ml-legend"><i></i>surrogate<b></b>model</span></div>
					<div class="ml-bars" role="group" aria-label="What it would say"></div></div></div>
			<p class="ml-status" role="status"></p>
			<div class="ml-foot"><p class="ml-trust"></p><details class="ml-made"><summary>how made</summary><dl></dl></details><button type="button" class="ml-button ml-save">download</button></div>`;
		const title = root.querySelector(".ml-title"), table = root.querySelector(".ml-table");
		root.replaceChildren(frame.content);
		const $ = (name) => root.querySelector(`.ml-${name}`);
		const playButton = $("play"), seeker = $("seek"), slider = $("top"), picker = root.querySelector("select"), gridBox = $("grid"), lyrics = $("lyrics"), bars = $("bars");
		$("head").prepend(title);
		$("made").before(table);
		const say = (text) => { $("status").textContent = text; };
		playButton.onclick = () => (live ? pause() : play());
		seeker.max = seconds;
		seeker.oninput = () => seek(Number(seeker.value));
		$("loop").onclick = () => {
			state.loop = !state.loop;
			$("loop").setAttribute("aria-pressed", state.loop);
			if (live) { halt(); play(); }
		};
		picker.append(...classes.map((name) => el("option", {}, name)));
		picker.selectedIndex = state.label;
		picker.onchange = () => { state.label = picker.selectedIndex; choose(state.mode); };
		$("mode").onchange = (event) => choose(event.target.value);
		$("tool").onchange = (event) => { state.tool = event.target.value; };
		$("hear").firstChild.checked = true;
		slider.max = Math.min(20, Math.max(1, ...weights.map((row) => row.filter((w) => w > 0).length)));
		slider.value = state.top;
		slider.oninput = () => choose(state.mode === "without" ? "without" : "only");

		const nodes = features.map(() => []); // every cell or word on the page that stands for a feature
		const told = (f) => Math.abs(weights[state.label][f]) >= 1.96 * errors[state.label][f];
		const span = ({ start, end }) => `${start.toFixed(1)} to ${end.toFixed(1)} seconds`;
		const describe = (f) => {
			const feature = features[f], sound = feature.modality === "audio";
			return `${sound ? `${feature.stem}, ${span(feature)}` : feature.text || feature.name}, ${signed(weights[state.label][f])} plus or minus ${size(errors[state.label][f])} for ${classes[state.label]}${
				told(f) ? "" : ", not told from zero"}${state.off[f] ? (sound ? ", muted" : ", removed") : ""}`;
		};
		const hint = (columns.length ? "Click a cell to hear it alone; to mute it choose mutes above, shift-click, or press M. " : "") + (words.length ? "Click a word to take it out." : "");
		const inspect = (f) => { $("readout").textContent = f === undefined ? hint : describe(f).replace(" plus or minus ", " \u00b1 "); };
		const wanted = (event) => event.type === "click" || ["Enter", " ", "m", "M"].includes(event.key);

		// The grid: one tab stop, arrow keys move inside it, heads of rows and columns stand for all their cells.
		const matrix = [], ahead = el("div", { class: "ml-band", "aria-hidden": "true" }, el("i"));
		const item = (role, list, run, ...children) => {
			const act = (event) => {
				if (!wanted(event)) return;
				event.preventDefault();
				if (event.shiftKey || /^m$/i.test(event.key) || (event.type === "click" && state.tool === "mute")) toggle(list);
				else if (sound) start(run);
				else say("There is no sound here.");
			};
			const show = () => inspect(list.length === 1 ? list[0] : undefined);
			return el("div", { role, class: `ml-${role}`, tabindex: -1, onclick: act, onkeydown: act, onpointerenter: show, onfocus: show }, ...children);
		};
		const sums = rows.map(() => el("small"));
		if (columns.length) {
			const top = columns.map((c, s) => item("columnheader", grid.map((row) => row[s]).filter((f) => f >= 0), { from: c.start, to: c.end }, Math.floor(c.start + 0.01) + (s ? "" : " s")));
			top.forEach((head, s) => head.setAttribute("aria-label", `all stems, ${span(columns[s])}`));
			matrix.push([undefined, ...top]);
			gridBox.append(el("div", { role: "row" }, el("div", { role: "columnheader", class: "ml-corner" }, "stem", el("small", {}, "sum")), ...top));
			rows.forEach((stem, r) => {
				const cells = columns.map((c, s) => item("gridcell", [grid[r][s]], { from: c.start, to: c.end, row: r }));
				cells.forEach((cell, s) => nodes[grid[r][s]].push(cell));
				matrix.push([item("rowheader", grid[r], { from: 0, row: r }, stem, sums[r]), ...cells]);
				gridBox.append(el("div", { role: "row" }, ...matrix[r + 1]));
			});
			gridBox.append(ahead);
			gridBox.style.setProperty("--columns", columns.length);
			gridBox.onpointerleave = () => inspect();
			let stop = matrix[1][1];
			stop.tabIndex = 0;
			gridBox.addEventListener("focusin", ({ target }) => {
				stop.tabIndex = -1;
				(stop = target).tabIndex = 0;
			});
			gridBox.addEventListener("keydown", (event) => {
				const r = matrix.findIndex((row) => row.includes(event.target)), s = matrix[r].indexOf(event.target);
				const [y, x] = { ArrowUp: [r - 1, s], ArrowDown: [r + 1, s], ArrowLeft: [r, s - 1], ArrowRight: [r, s + 1], Home: [r, r ? 0 : 1], End: [r, columns.length] }[event.key] || [];
				const to = !event.ctrlKey && !event.metaKey && matrix[y]?.[x];
				if (to) { event.preventDefault(); to.focus(); }
			});
		} else $("heard").hidden = $("loop").hidden = true;

		// Lyrics: one span an occurrence, plain text between them.
		const spans = [], text = e.song.lyrics || "", all = document.createDocumentFragment();
		const marks = words.flatMap((f) => features[f].positions.map(([from, to]) => [from, to, f])).sort((p, q) => p[0] - q[0]);
		let line = el("div", { dir: "auto" }), done = 0;
		const put = (piece) => piece.split("\n").forEach((part, i) => {
			if (i) { all.append(line); line = el("div", { dir: "auto" }); }
			if (part) line.append(part);
		});
		for (const [from, to, feature] of marks) {
			if (from < done) continue;
			put(text.slice(done, from));
			const word = el("span", { class: to - from < 5 ? "ml-word ml-short" : "ml-word", role: "button", tabindex: -1 }, text.slice(from, to));
			Object.assign(word, { feature, from, to, place: spans.length });
			spans.push(word);
			nodes[feature].push(word);
			line.append(word);
			done = to;
		}
		put(text.slice(done));
		lyrics.append(all, line);
		const take = (event) => {
			if (event.target.feature === undefined || !wanted(event)) return;
			event.preventDefault();
			toggle([event.target.feature]);
		};
		let stop = spans[0] || lyrics;
		stop.tabIndex = 0;
		const listen = (names, act) => names.forEach((name) => lyrics.addEventListener(name, act));
		listen(["click", "keydown"], take);
		listen(["pointerover", "focusin"], ({ target }) => inspect(target.feature));
		listen(["focusin"], ({ target }) => {
			stop.tabIndex = -1;
			(stop = target).tabIndex = 0;
		});
		listen(["keydown"], (event) => {
			const at = event.target.place, to = spans[{ ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: spans.length - 1 }[event.key]];
			if (to) { event.preventDefault(); to.focus(); }
		});
		const sung = data.sung.map(([from, to, a, b]) => ({ from, to, word: spans.find((s) => s.from < b && s.to > a) })).filter((x) => x.word);

		// Bars: the surrogate's estimate as a bar, the model's answer as a mark.
		const wide = Math.max(1, ...e.probabilities);
		const parts = [...classes.keys()].sort((p, q) => e.probabilities[q] - e.probabilities[p]).map((c) => {
			const part = { c, bar: el("i", { class: "ml-bar" }), mark: el("b", { class: "ml-mark" }), own: el("span"), real: el("span", { class: "ml-true" }) };
			part.row = el("div", { class: "ml-class" }, el("span", {}, classes[c]), el("span", { class: "ml-track", "aria-hidden": "true" }, part.bar, part.mark), el("span", { class: "ml-numbers" }, part.own, part.real));
			bars.append(part.row);
			return part;
		});

		const paint = (list = features.keys()) => {
			const { label, off, mode } = state, w = weights[label], scale = w.reduce((m, x) => Math.max(m, Math.abs(x)), 1e-12);
			for (const f of list) {
				const share = Math.abs(w[f]) / scale, sure = told(f), gone = Boolean(off[f]), name = describe(f);
				for (const node of nodes[f]) {
					node.style.setProperty("--w", share.toFixed(3));
					node.classList.toggle("ml-against", w[f] < 0);
					node.classList.toggle("ml-unsure", !sure);
					node.classList.toggle("ml-off", gone);
					node.setAttribute("aria-label", name);
					if (node.place >= 0) node.setAttribute("aria-pressed", gone);
					else node.textContent = gone ? "off" : sure ? (w[f] < 0 ? "\u2212" : "+").repeat(share > 0.5 ? 2 : 1) : "\u00b7";
				}
			}
			const total = (part) => signed(part.reduce((sum, f) => sum + w[f], 0));
			rows.forEach((stem, r) => { sums[r].textContent = total(grid[r]); });
			$("sum").textContent = words.length ? `sum ${total(words)}` : "not explained";
			$("said").textContent = `the model gives it ${plain(e.probabilities[label])}`;
			$(mode).firstChild.checked = true;
			$("mode").classList.toggle("ml-edited", mode === "own");
			root.querySelector("output").textContent = state.top;
			const own = surrogate(), real = model();
			for (const part of parts) {
				const c = part.c;
				part.row.classList.toggle("ml-chosen", c === label);
				part.bar.style.width = `${100 * unit(own[c] / wide)}%`;
				part.own.textContent = plain(own[c]);
				part.mark.hidden = !real;
				if (real) part.mark.style.left = `${100 * unit(real[c] / wide)}%`;
				part.real.textContent = real ? plain(real[c]) : "\u2013";
			}
			const count = (part, one, verb) => {
				const k = part.filter((f) => off[f]).length;
				return k ? [`${k} ${one}${k > 1 ? "s" : ""} ${verb}`] : [];
			};
			const changed = [...count(audio, "cell", "muted"), ...count(words, "word", "removed")].join(", ") || "The whole song";
			const apart = real && Math.abs(real[label] - own[label]) > 0.1 ? " They part: this is what an additive explanation leaves out." : "";
			say(`${changed}: ${classes[label]}, surrogate ${plain(own[label])}, ${real ? `model ${plain(real[label])}.${apart}` : "model not computed for this mix."}`);
			if (table.open) fill();
		};

		let lit = [], lastColumn = -1;
		const tick = () => {
			const t = position(), s = live && columns.length ? column(t) : -1;
			playButton.classList.toggle("ml-playing", state.playing);
			playButton.setAttribute("aria-label", state.playing ? "Pause" : "Play");
			seeker.value = t;
			seeker.setAttribute("aria-valuetext", `${clock(t)} of ${clock(seconds)}`);
			$("time").textContent = `${clock(t)} / ${clock(seconds)}`;
			ahead.hidden = !live;
			if (s >= 0) ahead.firstChild.style.left = `${(100 * (s + (t - columns[s].start) / (columns[s].end - columns[s].start))) / columns.length}%`;
			if (s !== lastColumn) {
				gridBox.querySelectorAll(".ml-now").forEach((node) => node.classList.remove("ml-now"));
				if (s >= 0) matrix.forEach((row, r) => row[s + 1] && (live.row === undefined || !r || live.row === r - 1) && row[s + 1].classList.add("ml-now"));
				lastColumn = s;
			}
			const now = live && (live.row === undefined || rows[live.row] === "vocals") ? sung.filter((x) => x.from <= t && t < x.to).map((x) => x.word) : [];
			if (now[0] !== lit[0] || now.length !== lit.length) {
				lit.forEach((word) => word.classList.remove("ml-now"));
				now.forEach((word) => word.classList.add("ml-now"));
				if (now[0]) {
					const line = now[0].offsetTop - lyrics.offsetTop;
					if (line < lyrics.scrollTop || line > lyrics.scrollTop + lyrics.clientHeight - 40) lyrics.scrollTop = line - 40;
				}
				lit = now;
			}
			state.position = live && live.row !== undefined ? state.position : t;
			if (live) requestAnimationFrame(tick);
		};

		// Trust, provenance, the weights as a table, the explanation itself.
		const fill = () => {
			const w = weights[state.label];
			table.querySelector("caption").textContent = `Weights for ${classes[state.label]}`;
			table.querySelector("tbody").replaceChildren(...[...features.keys()].sort((f, g) => Math.abs(w[g]) - Math.abs(w[f])).map((f) =>
				el("tr", {}, ...[features[f].name, features[f].modality, signed(w[f]), size(errors[state.label][f])].map((x) => el("td", { dir: "auto" }, x)))));
		};
		table.ontoggle = () => table.open && fill();
		const sorted = [...errors[state.label]].sort((p, q) => p - q);
		$("trust").textContent = [`R\u00b2 ${plain(e.score[state.label])}`, `median error ${size(sorted[n >> 1])}`,
			...(words.length ? [`${words.filter((f) => !told(f)).length} of ${words.length} words not told from zero`] : []), `top five: ${Math.round(100 * data.steady[state.label])} % expected again in another run`].join(" \u00b7 ");
		const flat = (v) => (v && typeof v === "object" ? Object.entries(v).map(([k, x]) => (Array.isArray(v) ? "" : `${k} `) + flat(x)).join(", ") : String(v));
		root.querySelector("dl").append(...Object.entries({ samples: e.samples, design: e.design, seed: e.seed, ...e.provenance }).flatMap(([k, v]) => [el("dt", {}, k), el("dd", {}, flat(v))]));
		$("save").onclick = () => el("a", { href: URL.createObjectURL(new Blob([JSON.stringify(e)], { type: "application/json" })), download: "explanation.json" }).click();

		root.setAttribute("role", "group");
		root.setAttribute("aria-label", `Explanation of ${e.song.title || e.song.id || "a song"}`);
		root.classList.toggle("ml-silent", !sound);
		inspect();
		paint();
		tick();
		root.musiclime = { state, data, surrogate, model, render, toggle, choose, play, pause, seek, position };
	}

	const scan = () => document.querySelectorAll(".ml-player:not([data-ready])").forEach((root) => {
		root.dataset.ready = "yes";
		build(root);
	});
	window.musiclime = { scan };
	if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", scan); else scan();
})();
