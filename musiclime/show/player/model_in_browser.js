// The book's small models in plain JavaScript: stems and words in, probabilities out, and a new explanation.
//
// Each part mirrors a Python file, which is named above it, and tests/show holds the two equal. The function
// below is turned into text and run by a worker, so it uses nothing from outside itself. Matrices are
// Float64Arrays, row after row; "n x d" says their shape.
function musiclimeModelCode() {
	"use strict";

	// ---- Matrices --------------------------------------------------------------------------------------

	// Dot products of the rows of a (n x k) with the rows of b (m x k), plus a bias: torch's Linear.
	// Two rows and four columns at a time, so that a number that was read is used more than once.
	function linear(a, b, bias, n, m, k) {
		const out = new Float64Array(n * m);
		for (let i = 0; i < n; i += 2) {
			const row0 = i * k;
			const row1 = Math.min(i + 1, n - 1) * k;
			for (let j = 0; j + 4 <= m; j += 4) {
				const column0 = j * k, column1 = column0 + k, column2 = column1 + k, column3 = column2 + k;
				let s00 = 0, s01 = 0, s02 = 0, s03 = 0;
				let s10 = 0, s11 = 0, s12 = 0, s13 = 0;
				for (let x = 0; x < k; x++) {
					const a0 = a[row0 + x], a1 = a[row1 + x];
					const b0 = b[column0 + x], b1 = b[column1 + x], b2 = b[column2 + x], b3 = b[column3 + x];
					s00 += a0 * b0; s01 += a0 * b1; s02 += a0 * b2; s03 += a0 * b3;
					s10 += a1 * b0; s11 += a1 * b1; s12 += a1 * b2; s13 += a1 * b3;
				}
				const at = i * m + j, below = at + m;
				out[at] = s00; out[at + 1] = s01; out[at + 2] = s02; out[at + 3] = s03;
				if (i + 1 < n) { out[below] = s10; out[below + 1] = s11; out[below + 2] = s12; out[below + 3] = s13; }
			}
			for (let j = m - (m % 4); j < m; j++) {
				for (let r = i; r < Math.min(i + 2, n); r++) {
					let sum = 0;
					for (let x = 0; x < k; x++) sum += a[r * k + x] * b[j * k + x];
					out[r * m + j] = sum;
				}
			}
		}
		if (bias) for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) out[i * m + j] += bias[j];
		return out;
	}

	function transpose(a, n, m) {
		const out = new Float64Array(n * m);
		for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) out[j * n + i] = a[i * m + j];
		return out;
	}

	function layerNorm(x, weight, bias, eps, n, d) {
		const out = new Float64Array(n * d);
		for (let i = 0; i < n; i++) {
			let mean = 0, square = 0;
			for (let j = 0; j < d; j++) mean += x[i * d + j];
			mean /= d;
			for (let j = 0; j < d; j++) square += (x[i * d + j] - mean) ** 2;
			const scale = 1 / Math.sqrt(square / d + eps);
			for (let j = 0; j < d; j++) out[i * d + j] = (x[i * d + j] - mean) * scale * weight[j] + bias[j];
		}
		return out;
	}

	function softmaxRows(x, n, m) {
		for (let start = 0; start < n * m; start += m) {
			const end = start + m;
			let top = x[start], total = 0;
			for (let i = start; i < end; i++) if (x[i] > top) top = x[i];
			for (let i = start; i < end; i++) {
				const raised = Math.exp(x[i] - top);
				x[i] = raised;
				total += raised;
			}
			const share = 1 / total;
			for (let i = start; i < end; i++) x[i] *= share;
		}
		return x;
	}

	// The error function to 1.5e-7 (Abramowitz and Stegun 7.1.26).
	function erf(x) {
		const t = 1 / (1 + 0.3275911 * Math.abs(x));
		const sum = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
		const y = 1 - sum * Math.exp(-x * x);
		return x < 0 ? -y : y;
	}

	function gelu(x) {
		const out = new Float64Array(x.length);
		for (let i = 0; i < x.length; i++) out[i] = 0.5 * x[i] * (1 + erf(x[i] * Math.SQRT1_2));
		return out;
	}

	function add(a, b, count) {
		const out = new Float64Array(count);
		for (let i = 0; i < count; i++) out[i] = a[i] + b[i];
		return out;
	}

	// ---- Weights: half precision in base64 to named matrices -------------------------------------------

	function halfToNumber(bits) {
		const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
		if (exponent === 0) return sign * fraction * 2 ** -24;
		if (exponent === 31) return fraction ? NaN : sign * Infinity;
		return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
	}

	function readWeights(text, shapes) {
		const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
		const halves = new DataView(bytes.buffer);
		const weights = {};
		let place = 0;
		for (const [name, count] of shapes) {
			weights[name] = new Float64Array(count);
			for (let i = 0; i < count; i++, place += 2) weights[name][i] = halfToNumber(halves.getUint16(place, true));
		}
		return weights;
	}

	// ---- musiclime/models/filterbank.py ----------------------------------------------------------------

	const BINS = 128, FRAMES = 1024, MEAN = -4.2677393, STD = 4.5689974, FLOOR = 1.192092955078125e-7;
	const MISSING = -MEAN / (2 * STD); // what stands for a frame that a short song does not have

	// Window, hop and mel filters as Kaldi has them. Of the filters only what is not zero is kept.
	function filterbankConstants(rate) {
		const length = Math.floor(rate * 0.025), hop = Math.floor(rate * 0.01);
		let fft = 1;
		while (fft < length) fft *= 2;
		const bins = fft / 2 + 1;
		const window = Float64Array.from({ length }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (length - 1)));
		const melOf = (hertz) => 1127 * Math.log1p(hertz / 700);
		const low = melOf(20), high = melOf(rate / 2);
		const edge = (j) => low + ((high - low) * j) / (BINS + 1);
		const filters = [];
		for (let j = 0; j < BINS; j++) {
			const filter = { first: -1, weights: [] };
			for (let k = 0; k < bins; k++) {
				const mel = melOf((k * rate) / fft);
				const up = (mel - edge(j)) / (edge(j + 1) - edge(j));
				const down = (edge(j + 2) - mel) / (edge(j + 2) - edge(j + 1));
				const weight = Math.max(0, Math.min(up, down));
				if (weight > 0 && filter.first < 0) filter.first = k;
				if (weight > 0) filter.weights.push(weight);
			}
			filters.push(filter);
		}
		return { length, hop, fft, bins, window, filters, turns: fourierTurns(fft) };
	}

	function fourierTurns(size) {
		const cos = new Float64Array(size / 2), sin = new Float64Array(size / 2), order = new Uint32Array(size);
		for (let i = 0; i < size / 2; i++) {
			cos[i] = Math.cos((2 * Math.PI * i) / size);
			sin[i] = -Math.sin((2 * Math.PI * i) / size);
		}
		const levels = Math.log2(size);
		for (let i = 0; i < size; i++) {
			let reversed = 0;
			for (let bit = 0; bit < levels; bit++) if (i & (1 << bit)) reversed |= 1 << (levels - 1 - bit);
			order[i] = reversed;
		}
		return { size, cos, sin, order };
	}

	// A Fourier transform in place, radix two.
	function fourier(real, imaginary, { size, cos, sin, order }) {
		for (let i = 0; i < size; i++) {
			const j = order[i];
			if (j <= i) continue;
			[real[i], real[j]] = [real[j], real[i]];
			[imaginary[i], imaginary[j]] = [imaginary[j], imaginary[i]];
		}
		for (let half = 1; half < size; half *= 2) {
			const step = size / (2 * half);
			for (let start = 0; start < size; start += 2 * half) {
				for (let k = 0; k < half; k++) {
					const i = start + k, j = i + half, c = cos[k * step], s = sin[k * step];
					const x = real[j] * c - imaginary[j] * s, y = real[j] * s + imaginary[j] * c;
					real[j] = real[i] - x; imaginary[j] = imaginary[i] - y;
					real[i] += x; imaginary[i] += y;
				}
			}
		}
	}

	// The stems' spectra, frame by frame. A frame that crosses the border of two segments has a part in each;
	// the spectrum of a mix is the sum of the parts that sound, because all of this is linear.
	function stemSpectra(stems, borders, rate) {
		const constants = filterbankConstants(rate);
		const { length, hop, fft, bins, window, turns } = constants;
		const samples = Math.min(stems[0].length, length + hop * (FRAMES - 1));
		const frames = samples < length ? 0 : 1 + Math.floor((samples - length) / hop);
		const parts = []; // [segment, place in the spectra] of each frame
		const real = new Float64Array(fft), imaginary = new Float64Array(fft);
		const size = stems.length * bins * 2, spectra = [];
		let segment = 0;
		for (let frame = 0; frame < frames; frame++) {
			const start = frame * hop;
			while (segment + 2 < borders.length && start >= borders[segment + 1]) segment++;
			parts.push([]);
			for (let g = segment; g + 1 < borders.length && borders[g] < start + length; g++) {
				const from = Math.max(0, borders[g] - start), to = Math.min(length, borders[g + 1] - start);
				const spectrum = new Float32Array(size);
				for (let stem = 0; stem < stems.length; stem++) {
					let mean = 0;
					for (let i = from; i < to; i++) mean += stems[stem][start + i];
					mean /= length;
					real.fill(0);
					imaginary.fill(0);
					const sample = (i) => (i >= from && i < to ? stems[stem][start + i] : 0) - mean;
					let before = sample(0);
					for (let i = 0; i < length; i++) {
						const now = sample(i);
						real[i] = (now - 0.97 * before) * window[i];
						before = now;
					}
					fourier(real, imaginary, turns);
					for (let k = 0; k < bins; k++) {
						spectrum[(stem * bins + k) * 2] = real[k];
						spectrum[(stem * bins + k) * 2 + 1] = imaginary[k];
					}
				}
				parts[frame].push([g, spectra.length]);
				spectra.push(spectrum);
			}
		}
		return { constants, frames, parts, spectra };
	}

	// One row of the filterbank for a mix; states[segment] has a bit for each stem that sounds there.
	function logMel(table, frame, states, out, offset) {
		const { bins, filters } = table.constants;
		const real = new Float64Array(bins), imaginary = new Float64Array(bins);
		for (const [segment, place] of table.parts[frame]) {
			const spectrum = table.spectra[place];
			for (let stem = 0, state = states[segment]; state; stem++, state >>= 1) {
				if (!(state & 1)) continue;
				for (let k = 0, at = stem * bins * 2; k < bins; k++, at += 2) {
					real[k] += spectrum[at];
					imaginary[k] += spectrum[at + 1];
				}
			}
		}
		for (let k = 0; k < bins; k++) real[k] = real[k] ** 2 + imaginary[k] ** 2;
		for (let j = 0; j < BINS; j++) {
			const { first, weights } = filters[j];
			let power = 0;
			for (let k = 0; k < weights.length; k++) power += weights[k] * real[first + k];
			out[offset + j] = (Math.log(Math.max(power, FLOOR)) - MEAN) / (2 * STD);
		}
	}

	// ---- musiclime/models/preprocessing.py: the text, and the word tokenizer -------------------------------

	function normaliseText(text) {
		const spaced = text.toLowerCase().replace(/[-\u2010-\u2015]+/g, " ");
		return spaced.replace(/[^\p{L}\p{N}\s]/gu, "").split(/\s+/).filter(Boolean).join(" ");
	}

	function tokenize(text, vocabulary, config) {
		const words = normaliseText(text).split(" ").filter(Boolean).slice(0, config.tokens - 2);
		const numbers = words.map((word) => vocabulary.get(word) ?? config.unknown);
		return [config.begin, ...numbers, config.end];
	}

	// ---- musiclime/models/encoders.py: the two towers --------------------------------------------------

	// Softmax attention of `asking` queries on n keys and values (rows of d numbers), head by head.
	function attend(query, key, value, asking, n, d, heads) {
		const size = d / heads, scale = 1 / Math.sqrt(size);
		const out = new Float64Array(asking * d);
		const part = (x, count, head) => {
			const cut = new Float64Array(count * size);
			for (let i = 0; i < count; i++) cut.set(x.subarray(i * d + head * size, i * d + (head + 1) * size), i * size);
			return cut;
		};
		for (let head = 0; head < heads; head++) {
			const q = part(query, asking, head).map((x) => x * scale);
			const scores = linear(q, part(key, n, head), null, asking, n, size);
			const values = transpose(part(value, n, head), n, size);
			const heard = linear(softmaxRows(scores, asking, n), values, null, asking, size, n);
			for (let i = 0; i < asking; i++) out.set(heard.subarray(i * size, (i + 1) * size), i * d + head * size);
		}
		return out;
	}

	// One layer of the Audio Spectrogram Transformer, which normalises before it attends. Only the first
	// `keep` rows are answered: of the last layer nothing but two tokens is ever heard.
	function audioLayer(x, weights, name, n, keep, { d, heads, inner, eps }) {
		const of = (part, rows, input, out, size) =>
			linear(input, weights[`${name}.${part}.weight`], weights[`${name}.${part}.bias`], rows, out, size);
		const norm = (part, input, rows) =>
			layerNorm(input, weights[`${name}.${part}.weight`], weights[`${name}.${part}.bias`], eps, rows, d);
		const before = norm("layernorm_before", x, n);
		const query = of("attention.q_proj", keep, before, d, d);
		const key = of("attention.k_proj", n, before, d, d), value = of("attention.v_proj", n, before, d, d);
		const attended = of("attention.o_proj", keep, attend(query, key, value, keep, n, d, heads), d, d);
		const middle = add(attended, x, keep * d);
		const raised = gelu(of("mlp.fc1", keep, norm("layernorm_after", middle, keep), inner, d));
		return add(of("mlp.fc2", keep, raised, d, inner), middle, keep * d);
	}

	// One layer of RoBERTa, which normalises afterwards.
	function lyricsLayer(x, weights, name, n, keep, { d, heads, inner, eps }) {
		const of = (part, rows, input, out, size) =>
			linear(input, weights[`${name}.${part}.weight`], weights[`${name}.${part}.bias`], rows, out, size);
		const norm = (part, input) =>
			layerNorm(input, weights[`${name}.${part}.weight`], weights[`${name}.${part}.bias`], eps, keep, d);
		const query = of("attention.self.query", keep, x, d, d);
		const key = of("attention.self.key", n, x, d, d), value = of("attention.self.value", n, x, d, d);
		const heard = attend(query, key, value, keep, n, d, heads);
		const attended = of("attention.output.dense", keep, heard, d, d);
		const middle = norm("attention.output.LayerNorm", add(attended, x, keep * d));
		const raised = gelu(of("intermediate.dense", keep, middle, inner, d));
		return norm("output.LayerNorm", add(of("output.dense", keep, raised, d, inner), middle, keep * d));
	}

	// A model of the page: weights, configuration and vocabulary as player.py packed them.
	function openModel(packed) {
		const weights = readWeights(packed.weights, packed.shapes);
		const vocabulary = new Map((packed.vocabulary || []).map((word, number) => [word, number]));
		return { ...packed.config, weights, vocabulary, classes: packed.config.classes };
	}

	// The embedding of a mix. Each column of patches (32 frames) depends on the one, two or three segments
	// that it touches, so columns that were met before are looked up.
	function hear(model, song, states) {
		const { d, patch, layers, eps } = model.audio, { weights } = model;
		const rows = BINS / patch, columns = FRAMES / patch, n = 2 + rows * columns;
		const x = new Float64Array(n * d);
		const place = weights["audio.embeddings.position_embeddings"];
		x.set(weights["audio.embeddings.cls_token"], 0);
		x.set(weights["audio.embeddings.distillation_token"], d);
		for (let column = 0; column < columns; column++) {
			const found = patchColumn(model, song, column, states);
			for (let row = 0; row < rows; row++) x.set(found.subarray(row * d, (row + 1) * d), (2 + row * columns + column) * d);
		}
		for (let i = 0; i < n * d; i++) x[i] += place[i];
		let out = x;
		for (let layer = 0; layer < layers; layer++) {
			out = audioLayer(out, weights, `audio.layers.${layer}`, n, layer === layers - 1 ? 2 : n, model.audio);
		}
		const normed = layerNorm(out, weights["audio.layernorm.weight"], weights["audio.layernorm.bias"], eps, 2, d);
		return Float64Array.from({ length: d }, (_, j) => (normed[j] + normed[d + j]) / 2);
	}

	function patchColumn(model, song, column, states) {
		const { d, patch } = model.audio, { table } = song;
		const first = column * patch, last = Math.min(first + patch, table.frames);
		const touched = new Set();
		for (let frame = first; frame < last; frame++) for (const [segment] of table.parts[frame]) touched.add(segment);
		const key = `${column}:${[...touched].map((segment) => states[segment])}`;
		if (song.columns.has(key)) return song.columns.get(key);
		const mel = new Float64Array(patch * BINS).fill(MISSING);
		for (let frame = first; frame < last; frame++) logMel(table, frame, states, mel, (frame - first) * BINS);
		// The convolution: its kernel lies frequency by time, the filterbank time by frequency.
		const rows = BINS / patch, patches = new Float64Array(rows * patch * patch);
		for (let row = 0; row < rows; row++) {
			for (let f = 0; f < patch; f++) {
				for (let t = 0; t < patch; t++) patches[(row * patch + f) * patch + t] = mel[t * BINS + row * patch + f];
			}
		}
		const name = "audio.embeddings.patch_embeddings.projection";
		const found = linear(patches, model.weights[`${name}.weight`], model.weights[`${name}.bias`], rows, d, patch * patch);
		song.columns.set(key, found);
		return found;
	}

	// The embedding of a text.
	function read(model, text) {
		const { d, layers, eps, padding } = model.lyrics, { weights } = model;
		const tokens = tokenize(text, model.vocabulary, model.lyrics), n = tokens.length;
		const words = weights["lyrics.embeddings.word_embeddings.weight"];
		const places = weights["lyrics.embeddings.position_embeddings.weight"];
		const type = weights["lyrics.embeddings.token_type_embeddings.weight"];
		const x = new Float64Array(n * d);
		tokens.forEach((token, i) => {
			for (let j = 0; j < d; j++) x[i * d + j] = words[token * d + j] + type[j] + places[(i + 1 + padding) * d + j];
		});
		const norm = "lyrics.embeddings.LayerNorm";
		let out = layerNorm(x, weights[`${norm}.weight`], weights[`${norm}.bias`], eps, n, d);
		for (let layer = 0; layer < layers; layer++) {
			out = lyricsLayer(out, weights, `lyrics.encoder.layer.${layer}`, n, layer === layers - 1 ? 1 : n, model.lyrics);
		}
		return out.slice(0, d);
	}

	// ---- musiclime/models/classifier.py: the head -------------------------------------------------------

	function probabilities(model, logits) {
		if (model.multilabel) return Array.from(logits, (x) => 1 / (1 + Math.exp(-x)));
		return Array.from(softmaxRows(Float64Array.from(logits), 1, logits.length));
	}

	// Logits of an embedding of sound, of words, or of both.
	function head(model, heard, seen) {
		const { weights } = model, classes = model.classes.length;
		if (!heard) {
			const d = seen.length;
			const middle = linear(seen, weights["head.1.weight"], weights["head.1.bias"], 1, d, d).map(Math.tanh);
			return linear(middle, weights["head.4.weight"], weights["head.4.bias"], 1, classes, d);
		}
		let joined = heard;
		if (seen && model.fusion === "concat") {
			joined = new Float64Array(heard.length + seen.length);
			joined.set(heard, 0);
			joined.set(seen, heard.length);
		} else if (seen) {
			const aligned = linear(seen, weights["head.align.weight"], weights["head.align.bias"], 1, heard.length, seen.length);
			joined = heard.map((x, i) => (model.fusion === "sum" ? x + aligned[i] : x * aligned[i]));
		}
		const normed = layerNorm(joined, weights["head.norm.weight"], weights["head.norm.bias"], model.eps, 1, joined.length);
		return linear(normed, weights["head.classifier.weight"], weights["head.classifier.bias"], 1, classes, joined.length);
	}

	// ---- musiclime/explain/features.py: from masks to sound and text ------------------------------------

	// The text as [if on, if off, feature], each piece up to where the next one starts.
	function pieces(text, features, maskToken) {
		const spans = features.flatMap(({ positions, place }) => positions.map(([from, to]) => [from, to, place]));
		spans.sort((p, q) => p[0] - q[0] || p[1] - q[1] || p[2] - q[2]);
		const start = spans.length ? spans[0][0] : text.length;
		const found = [[text.slice(0, start), text.slice(0, start), -1]];
		spans.forEach(([from, to, place], i) => {
			const end = i + 1 < spans.length ? spans[i + 1][0] : text.length;
			const gap = text.slice(to, end);
			found.push([text.slice(from, end), maskToken ? maskToken + gap : gap.replace(/^[ \t]+/, ""), place]);
		});
		return found;
	}

	// A song ready for questions. tracks: {data, cell: the feature of each segment, or -1 where it always sounds}.
	function openSong({ tracks, borders, rate, text, words, maskToken }) {
		const song = { tracks, text: pieces(text, words, maskToken), segments: borders.length - 1 };
		Object.assign(song, { columns: new Map(), heard: new Map(), seen: new Map() });
		if (tracks.length) song.table = stemSpectra(tracks.map((track) => track.data), borders, rate);
		return song;
	}

	function statesOf(song, off) {
		return Array.from({ length: song.segments }, (_, segment) => song.tracks.reduce((state, track, place) => {
			const cell = track.cell[segment], wanted = track.when ? track.when[segment] : true;
			return wanted && (cell < 0 || !off[cell]) ? state | (1 << place) : state;
		}, 0));
	}

	function textOf(song, off) {
		return song.text.map(([on, without, place]) => (place >= 0 && off[place] ? without : on)).join("");
	}

	// What was encoded once is remembered: a muted cell leaves the words as they were, and the other way round.
	function remembered(kept, key, make) {
		if (kept.size > 5000) kept.clear();
		if (!kept.has(key)) kept.set(key, make());
		return kept.get(key);
	}

	function heardOf(model, song, off) {
		if (!model.audio) return null;
		const states = statesOf(song, off);
		return remembered(song.heard, states.join(), () => hear(model, song, states));
	}

	function seenOf(model, song, off) {
		if (!model.lyrics) return null;
		const text = textOf(song, off);
		return remembered(song.seen, text, () => read(model, text));
	}

	function answer(model, song, off) {
		return probabilities(model, head(model, heardOf(model, song, off), seenOf(model, song, off)));
	}

	// ---- musiclime/explain: masks, and the crossed fit with its errors ----------------------------------

	// A small generator of chance (mulberry32), so that a seed draws the same masks everywhere.
	function dice(seed) {
		let state = seed >>> 0;
		return () => {
			state = (state + 0x6d2b79f5) >>> 0;
			let x = Math.imul(state ^ (state >>> 15), state | 1);
			x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
			return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
		};
	}

	function drawMasks(count, features, seed) {
		const chance = dice(seed);
		return Array.from({ length: count }, () => Uint8Array.from({ length: features }, () => (chance() < 0.5 ? 1 : 0)));
	}

	function cholesky(gram, p) {
		const lower = new Float64Array(p * p);
		for (let i = 0; i < p; i++) {
			for (let j = 0; j <= i; j++) {
				let sum = gram[i * p + j];
				for (let k = 0; k < j; k++) sum -= lower[i * p + k] * lower[j * p + k];
				if (i === j && sum <= 0) throw new Error("too few masks for so many features");
				lower[i * p + j] = i === j ? Math.sqrt(sum) : sum / lower[j * p + j];
			}
		}
		return lower;
	}

	// Solve gram x = right for every column of right (p x n), by the Cholesky factor.
	function solve(lower, right, p, n) {
		const x = right.slice();
		for (let i = 0; i < p; i++) {
			for (let k = 0; k < i; k++) for (let c = 0; c < n; c++) x[i * n + c] -= lower[i * p + k] * x[k * n + c];
			for (let c = 0; c < n; c++) x[i * n + c] /= lower[i * p + i];
		}
		for (let i = p - 1; i >= 0; i--) {
			for (let k = i + 1; k < p; k++) for (let c = 0; c < n; c++) x[i * n + c] -= lower[k * p + i] * x[k * n + c];
			for (let c = 0; c < n; c++) x[i * n + c] /= lower[i * p + i];
		}
		return x;
	}

	// One modality of a crossed fit: its masks centred, and the matrix that turns outputs into weights.
	function openSide(masks, others, alpha) {
		const n = masks.length, p = masks[0].length;
		const x = new Float64Array(n * p), shift = new Float64Array(p);
		for (const mask of masks) for (let j = 0; j < p; j++) shift[j] += mask[j] / n;
		masks.forEach((mask, i) => { for (let j = 0; j < p; j++) x[i * p + j] = mask[j] - shift[j]; });
		const across = transpose(x, n, p);
		const gram = linear(across, across, null, p, p, n);
		for (let j = 0; j < p; j++) gram[j * p + j] += alpha / others;
		const reader = solve(cholesky(gram, p), across, p, n);
		const leverage = new Float64Array(n).fill(1 / n);
		for (let j = 0; j < p; j++) for (let i = 0; i < n; i++) leverage[i] += reader[j * n + i] * x[i * p + j];
		return { n, p, x, shift, reader, leverage };
	}

	// Weights of one side for one output, what they leave, and the means that they were read from.
	function fitSide(side, means, mean) {
		const { n, p, x, reader } = side;
		const beta = new Float64Array(p), left = new Float64Array(n);
		for (let j = 0; j < p; j++) for (let i = 0; i < n; i++) beta[j] += reader[j * n + i] * (means[i] - mean);
		for (let i = 0; i < n; i++) {
			left[i] = means[i] - mean;
			for (let j = 0; j < p; j++) left[i] -= x[i * p + j] * beta[j];
		}
		return { means, beta, left };
	}

	// The squared errors of one side's weights, clustered both ways. block: this side's masks x the other's.
	function sideVariance(side, fitted, block, others, both) {
		const { n, p, reader, leverage } = side;
		const readings = linear(reader, transpose(block, n, others), null, p, others, n);
		return Float64Array.from({ length: p }, (_, j) => {
			let byRow = 0, byColumn = 0, byCell = 0;
			for (let i = 0; i < n; i++) {
				const influence = reader[j * n + i] ** 2;
				byRow += (influence * fitted.left[i] ** 2) / Math.max(1 - leverage[i], 1e-6);
				byCell += (influence * both) / others;
			}
			for (let t = 0; t < others; t++) byColumn += (readings[j * others + t] - fitted.beta[j]) ** 2;
			byColumn /= others * (others - 1);
			return Math.max(byRow + byColumn - byCell, byCell);
		});
	}

	// One additive fit to a grid of outputs, (audio masks x lyric masks x classes).
	function fitCrossed(audio, lyrics, grid, classes, alpha) {
		const A = audio.length, T = lyrics.length;
		const sides = [openSide(audio, T, alpha), openSide(lyrics, A, alpha)];
		const result = { weights: [], errors: [], intercept: [], score: [] };
		for (let c = 0; c < classes; c++) {
			let base = 0, squares = 0;
			const block = new Float64Array(A * T), rows = new Float64Array(A), columns = new Float64Array(T);
			for (let i = 0; i < A * T; i++) base += grid[i * classes + c] / (A * T);
			for (let a = 0; a < A; a++) {
				for (let t = 0; t < T; t++) {
					const value = grid[(a * T + t) * classes + c] - base;
					block[a * T + t] = value;
					squares += value ** 2;
					rows[a] += value / T;
					columns[t] += value / A;
				}
			}
			const fits = [fitSide(sides[0], rows, 0), fitSide(sides[1], columns, 0)];
			// What neither side's means tell: the interaction, whose variance is that of a cell.
			const sum = (list) => list.reduce((total, value) => total + value ** 2, 0);
			const rest = Math.max(squares - T * sum(rows) - A * sum(columns), 0);
			const both = rest / ((A - 1) * (T - 1));
			const left = T * sum(fits[0].left) + A * sum(fits[1].left) + rest;
			const variance = [
				...sideVariance(sides[0], fits[0], block, T, both),
				...sideVariance(sides[1], fits[1], transpose(block, A, T), A, both),
			];
			const weights = [...fits[0].beta, ...fits[1].beta], shift = [...sides[0].shift, ...sides[1].shift];
			result.weights.push(weights);
			result.errors.push(variance.map(Math.sqrt));
			result.intercept.push(base - weights.reduce((total, weight, j) => total + weight * shift[j], 0));
			result.score.push(squares <= 1e-24 * A * T * (base ** 2 + 1e-300) ? 1 : 1 - left / squares);
		}
		return result;
	}

	// One additive fit to a list of outputs (masks x classes), its errors of the sandwich kind (HC2).
	function fitPlain(masks, outputs, classes, alpha) {
		const side = openSide(masks, 1, alpha), { n, p, x, reader, leverage } = side;
		const result = { weights: [], errors: [], intercept: [], score: [] };
		for (let c = 0; c < classes; c++) {
			const own = Float64Array.from({ length: n }, (_, i) => outputs[i * classes + c]);
			const mean = own.reduce((total, value) => total + value / n, 0);
			const { beta, left } = fitSide(side, own, mean);
			const spread = own.reduce((total, value) => total + (value - mean) ** 2, 0);
			const rest = left.reduce((total, value) => total + value ** 2, 0);
			result.weights.push([...beta]);
			result.errors.push(Array.from({ length: p }, (_, j) => {
				let variance = 0;
				for (let i = 0; i < n; i++) variance += (reader[j * n + i] * left[i]) ** 2 / Math.max(1 - leverage[i], 1e-6);
				return Math.sqrt(variance);
			}));
			result.intercept.push(mean - beta.reduce((total, weight, j) => total + weight * side.shift[j], 0));
			result.score.push(spread <= 1e-24 * n * (mean ** 2 + 1e-300) ? 1 : 1 - rest / spread);
		}
		return result;
	}

	// How the weights of each class are expected to correlate with those of endless masks: the part of their
	// variance that is not the variance of their errors.
	function reliability({ weights, errors }) {
		return weights.map((row, c) => {
			const mean = row.reduce((sum, w) => sum + w, 0) / row.length;
			const spread = row.reduce((sum, w) => sum + (w - mean) ** 2, 0);
			const noise = errors[c].reduce((sum, error) => sum + error ** 2, 0);
			return spread ? Math.sqrt(Math.max(0, 1 - noise / spread)) : 1;
		});
	}

	// How many masks it would take until that correlation is as wanted: noise falls as masks grow.
	function masksNeeded(expected, wanted, count) {
		const noisePerSignal = (r) => 1 / Math.max(r, 0.2) ** 2 - 1;
		return Math.ceil((1.1 * count * noisePerSignal(expected)) / noisePerSignal(wanted));
	}

	// Explain a song again with new masks, some more at a time. report(result) tells of each look; stopped()
	// is asked between masks, and pause() lets other questions in. Where `masks` are too few for the weights
	// of class `label` to correlate as `wanted`, it goes on, up to `most`.
	async function explainAgain(model, song, how, report, stopped, pause) {
		const { cells, words, masks, seed, alpha, label = 0, wanted = 0, most = masks } = how;
		const classes = model.classes.length, crossed = cells.length > 0 && words.length > 0;
		const sides = crossed ? [cells, words] : [cells.length ? cells : words];
		const drawn = sides.map((side, k) => drawMasks(most, side.length, seed + 7919 * k));
		const offOf = (side, mask) => {
			const off = [];
			side.forEach((feature, j) => { off[feature] = !mask[j]; });
			return off;
		};
		const codes = sides.map(() => []);
		const least = Math.min(masks, 2 * Math.max(...sides.map((side) => side.length)) + 2);
		let goal = masks;
		for (let count = least; ; count = Math.min(goal, Math.ceil(count * (count < masks ? 1.4 : 2)))) {
			for (let k = 0; k < sides.length; k++) {
				for (let i = codes[k].length; i < count; i++) {
					if (stopped()) return;
					const off = offOf(sides[k], drawn[k][i]);
					const encode = sides[k] === cells ? heardOf : seenOf;
					codes[k].push(crossed ? encode(model, song, off) : answer(model, song, off));
					if (i % 8 === 0) {
						report({ done: Math.min(...codes.map((list) => list.length)), masks: goal });
						await pause();
					}
				}
			}
			const some = drawn.map((list) => list.slice(0, count));
			let result;
			if (crossed) {
				const grid = await fuseGrid(model, codes[0], codes[1], pause);
				result = fitCrossed(some[0], some[1], grid, classes, alpha);
			} else result = fitPlain(some[0], Float64Array.from(codes[0].flat()), classes, alpha);
			const expected = reliability(result);
			if (count === goal && expected[label] < wanted) goal = Math.min(most, masksNeeded(expected[label], wanted, count));
			goal = Math.max(goal, count);
			report({ done: count, masks: goal, expected, ...result });
			if (count === goal) return;
			await pause();
		}
	}

	// Probabilities of every embedding of sound with every embedding of words.
	async function fuseGrid(model, heard, seen, pause) {
		const classes = model.classes.length, grid = new Float64Array(heard.length * seen.length * classes);
		for (let a = 0; a < heard.length; a++) {
			for (let t = 0; t < seen.length; t++) grid.set(probabilities(model, head(model, heard[a], seen[t])), (a * seen.length + t) * classes);
			if (a % 32 === 31) await pause();
		}
		return grid;
	}

	// ---- The worker's side of the conversation ----------------------------------------------------------

	function serve(scope) {
		const models = {}, songs = {}, stopped = new Set();
		const pause = () => new Promise((done) => setTimeout(done));
		const tell = (id, more) => scope.postMessage({ id, ...more });
		const acts = {
			model: ({ key, packed }) => { models[key] ||= openModel(packed); },
			song: ({ song, model, ...parts }) => { songs[song] = { ...openSong(parts), model }; },
			choose: ({ song, when }) => { songs[song].tracks.forEach((track, place) => { track.when = when[place]; }); },
			text: ({ song, text, words, maskToken }) => { songs[song].text = pieces(text, words, maskToken); },
			answer: ({ song, off }) => answer(models[songs[song].model], songs[song], off),
			again: ({ id, song, ...how }) =>
				explainAgain(models[songs[song].model], songs[song], how, (look) => tell(id, { look }), () => stopped.has(id), pause),
			stop: ({ which }) => { stopped.add(which); },
		};
		scope.onmessage = async ({ data }) => {
			try {
				tell(data.id, { answer: (await acts[data.act](data)) ?? null, done: true });
			} catch (error) {
				tell(data.id, { error: String(error.message || error), done: true });
			}
		};
	}

	return { normaliseText, tokenize, stemSpectra, logMel, openModel, openSong, answer, drawMasks, fitCrossed, fitPlain, masksNeeded, explainAgain, pieces, serve };
}
if (typeof window !== "undefined") window.musiclimeModelCode = musiclimeModelCode;
