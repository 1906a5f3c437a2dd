import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { clearLog, followLog, listLogs, logFiles, showLog } from "#daemon/show-log.ts";
import { eventually } from "../../test/support/gateway.ts";

const lines = [
	'{"level":30,"time":"2026-11-21T06:12:35.000Z","event":"GATEWAY_STARTED","msg":"gateway started"}',
	'{"level":50,"time":"2026-11-21T06:12:36.000Z","msg":"worker channel failed","cause":"EPIPE"}',
	"not json \x1b[31m",
	"[7]",
	'{"level":"x","time":7,"msg":"odd"}',
];

function logOf(t: TestContext): string {
	const directory = mkdtempSync(join(tmpdir(), "log-"));
	t.after(() => rmSync(directory, { recursive: true, force: true }));
	const file = join(directory, "sallyport.log");
	writeFileSync(file, lines.map((line) => `${line}\n`).join(""));
	writeFileSync(join(directory, "other.log"), "one\ntwo");
	writeFileSync(join(directory, "secret.key"), "key");
	return file;
}

async function show(file: string, name: string): Promise<string> {
	let text = "";
	for await (const piece of showLog(file, name)) text += piece;
	return text;
}

test("messages are the daemon's log as lines to read; nothing in them moves the cursor", async (t) => {
	const file = logOf(t);
	assert.equal(
		await show(file, "messages"),
		`Nov 21 06:12:35 info GATEWAY_STARTED: gateway started
Nov 21 06:12:36 error worker channel failed (EPIPE)
not json \\x1b[31m
[7]
? info odd
`,
	);
	assert.match(await show(file, "sallyport.log"), /^\{"level":30,/);
	assert.equal(await show(file, "other.log"), "one\ntwo\n");
});

test("only log files are listed, shown, emptied and followed, whatever name is given", async (t) => {
	const file = logOf(t);
	assert.deepEqual(logFiles(file), ["messages", "other.log", "sallyport.log"]);
	assert.deepEqual(logFiles(file, "o"), ["other.log"]);
	assert.match(listLogs(file), /^total 3\n +\d+ {2}20\d\d-.* UTC {2}messages\n/);
	for (const name of ["secret.key", "../x.log", "/etc/passwd", "none.log", ""]) {
		await assert.rejects(() => show(file, name), /could not resolve file/);
		assert.throws(() => clearLog(file, name), /could not resolve file/);
		assert.throws(() => followLog(file, name, () => undefined), /could not resolve file/);
	}
	clearLog(file, "other.log");
	assert.equal(readFileSync(file.replace("sallyport", "other"), "utf8"), "");
});

test("what is added is followed, a file begun anew too, until it is stopped", async (t) => {
	const file = logOf(t);
	let got = "";
	const stop = followLog(file, "messages", (text) => {
		got += text;
	});
	t.after(stop);
	appendFileSync(file, `${lines[0]}\n${lines[1]?.slice(0, 20)}`);
	await eventually(() => got.includes("GATEWAY_STARTED: gateway started\n"), "the first line");
	assert.ok(got.startsWith("\n*** messages ***\n"));
	assert.ok(!got.includes("worker channel"));
	appendFileSync(file, `${lines[1]?.slice(20)}\n`);
	await eventually(() => got.includes("worker channel failed (EPIPE)\n"), "the second line");
	truncateSync(file);
	appendFileSync(file, "anew\n");
	await eventually(() => got.includes("anew\n"), "the new file");
	stop();
	appendFileSync(file, "after\n");
	await new Promise((resolve) => setTimeout(resolve, 700));
	assert.ok(!got.includes("after"));
});

test("a file that grows faster than anybody reads is cut, and that is said", async (t) => {
	const file = logOf(t);
	let got = "";
	t.after(
		followLog(file, "other.log", (text) => {
			got += text;
		}),
	);
	appendFileSync(file.replace("sallyport", "other"), "x\n".repeat(100_000));
	await eventually(() => /\.\.\. \d+ octets were left out\n/.test(got), "the remark");
	assert.ok(got.length < 80_000);
});

test("a long file is shown piece by piece", async (t) => {
	const file = logOf(t);
	writeFileSync(file.replace("sallyport", "other"), "line\n".repeat(100_000));
	let pieces = 0;
	for await (const _ of showLog(file, "other.log")) pieces++;
	assert.ok(pieces > 3);
});
