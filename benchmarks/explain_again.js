// Explain a song again outside of a page: node benchmarks/explain_again.js MODEL_CODE JOB, one look a line.
//
// JOB is a file that explain_again.py wrote: the packed model, the stems as a page hears them, and what to draw.
"use strict";
const { readFileSync } = require("node:fs");
const { runInThisContext } = require("node:vm");

const [code, file] = process.argv.slice(2);
runInThisContext(`${readFileSync(code, "utf-8")}\nglobalThis.modelCode = musiclimeModelCode;`);
const { openModel, openSong, explainAgain } = globalThis.modelCode();

const job = JSON.parse(readFileSync(file, "utf-8"));
for (const track of job.song.tracks) {
	const bytes = Buffer.from(track.data, "base64");
	track.data = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}
const tell = (look) => look.weights && console.log(JSON.stringify(look));
explainAgain(openModel(job.model), openSong(job.song), job.how, tell, () => false, async () => {});
