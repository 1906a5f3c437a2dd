import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { linesOf, runScript } from "#cli/script-shell.ts";
import { connectTerminal } from "#cli/socket-client-shell.ts";
import { type ServerOptions, startServer } from "../../test/support/cli-server.ts";

interface Ran {
	readonly isOk: boolean;
	readonly output: string;
	readonly complaints: string;
}

async function run(
	t: TestContext,
	text: string,
	options: ServerOptions & { stopsOnError?: boolean } = {},
): Promise<Ran> {
	const { place } = await startServer(t, options);
	const socket = await connectTerminal(place, { isInteractive: false, columns: 0, rows: 0, user: "" });
	const streams = { output: new PassThrough(), complaints: new PassThrough() };
	let [output, complaints] = ["", ""];
	streams.output.on("data", (piece) => {
		output += piece;
	});
	streams.complaints.on("data", (piece) => {
		complaints += piece;
	});
	const stopsOnError = options.stopsOnError ?? false;
	const isOk = await runScript(socket, linesOf(Readable.from([text])), streams, { stopsOnError });
	await new Promise(setImmediate);
	return { isOk, output, complaints };
}

test("lines of a stream are commands, their output goes one way and mistakes the other", async (t) => {
	const ran = await run(t, "configure\nset system host-name new\nbogus\ncommit and-quit\n");
	assert.equal(ran.output, "Entering configuration mode\ncommit complete\nExiting configuration mode\n");
	assert.equal(ran.complaints, "bogus\n^\nunknown command.\n");
	assert.equal(ran.isOk, false);
});

test("text of any length comes through, and files are read and written", async (t) => {
	const directory = mkdtempSync(join(tmpdir(), "script-"));
	t.after(() => rmSync(directory, { recursive: true, force: true }));
	const long = "line\n".repeat(400_000);
	writeFileSync(join(directory, "in.conf"), 'system { location "from a file"; }');
	const script = `show log messages\nshow log messages | save ${directory}/out.txt
show log messages | append ${directory}/out.txt\nconfigure\nload merge ${directory}/in.conf
load merge ${directory}/none\nsave ${directory}/saved.conf\nfile show ${directory}/in.conf\n`;
	const ran = await run(t, script, { handlers: { "show-log": () => long } });
	assert.ok(ran.output.startsWith(long));
	assert.equal(readFileSync(`${directory}/out.txt`, "utf8").length, long.length * 2);
	assert.match(readFileSync(`${directory}/saved.conf`, "utf8"), /from a file/);
	assert.match(ran.complaints, /^error: ENOENT/);
	assert.match(ran.output, /Wrote 400000 lines of output/);
});

test("names are looked up, programs run, questions are answered by the next line", async (t) => {
	const ran = await run(t, "show log messages | resolve\nconfigure\ndelete\nyes\nshow\nrun file list missing-file\n", {
		handlers: { "show-log": () => "from 192.0.2.1\n" },
	});
	assert.match(ran.output, /^from /);
	assert.doesNotMatch(ran.output, /host-name/);
	assert.match(ran.complaints, /ENOENT/);
});

test("a script may end at its first mistake", async (t) => {
	const ran = await run(t, "bogus\nshow log messages\n", { stopsOnError: true, handlers: { "show-log": () => "x\n" } });
	assert.equal(ran.output, "");
	assert.equal(ran.isOk, false);
});

test("output that nobody takes makes the socket wait", async (t) => {
	const { place } = await startServer(t, { handlers: { "show-log": () => "x".repeat(4_000_000) } });
	const socket = await connectTerminal(place, { isInteractive: false, columns: 0, rows: 0, user: "" });
	const output = new PassThrough({ highWaterMark: 1_024 });
	const lines = ["show log messages"].values();
	const done = runScript(socket, lines, { output, complaints: new PassThrough() }, { stopsOnError: false });
	await new Promise((resolve) => setTimeout(resolve, 300));
	const waiting = output.readableLength + output.writableLength;
	assert.ok(waiting < 1_000_000, `${waiting} characters wait`);
	output.resume();
	assert.equal(await done, true);
});
