import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { commandOf, namesOf, runLocalProgram } from "#cli/local-shell.ts";
import type { LocalProgram } from "#cli/socket-protocol.ts";

function directory(t: TestContext): string {
	const path = mkdtempSync(join(tmpdir(), "local-"));
	t.after(() => rmSync(path, { recursive: true, force: true }));
	return path;
}

async function run(
	program: LocalProgram,
	values: string | Readonly<Record<string, string>>,
): Promise<{ text: string; message: string }> {
	let text = "";
	const running = runLocalProgram(
		program,
		typeof values === "string" ? { path: values } : values,
		(piece) => {
			text += piece;
		},
		false,
	);
	return { message: await running.ended, text };
}

test("file list and file show do what they say, and tell what they cannot", async (t) => {
	const path = directory(t);
	writeFileSync(join(path, "one.txt"), "first\nsecond");
	assert.deepEqual(await run("file-list", path), { text: `${path}:\none.txt\ntotal files: 1\n`, message: "" });
	assert.equal((await run("file-show", join(path, "one.txt"))).text, "first\nsecond\n");
	assert.match((await run("file-show", join(path, "none"))).message, /ENOENT/);
	assert.match((await run("file-list", join(path, "none"))).message, /ENOENT/);
});

test("files are copied, renamed, compared and deleted; another one is never overwritten", async (t) => {
	const path = directory(t);
	const [one, two] = [join(path, "one.txt"), join(path, "two.txt")];
	writeFileSync(one, "first\n");
	assert.deepEqual(await run("file-copy", { from: one, to: two }), { text: "", message: "" });
	assert.match((await run("file-copy", { from: one, to: two })).message, /EEXIST/);
	assert.deepEqual(await run("file-compare", { from: one, to: two }), { text: "", message: "" });
	writeFileSync(two, "second\n");
	const { text, message } = await run("file-compare", { from: one, to: two });
	assert.equal(message, "");
	assert.match(text, /^-first\n\+second$/m);
	assert.match((await run("file-compare", { from: one, to: join(path, "none") })).message, /diff ended with status 2/);
	assert.match((await run("file-rename", { from: two, to: one })).message, /one\.txt exists; delete it first/);
	assert.equal((await run("file-rename", { from: two, to: join(path, "three") })).message, "");
	assert.equal((await run("file-delete", one)).message, "");
	assert.match((await run("file-delete", path)).message, /EISDIR|EPERM/);
	assert.deepEqual(await run("file-list", path), { text: `${path}:\nthree\ntotal files: 1\n`, message: "" });
});

test("a checksum is told in the form of Junos", async (t) => {
	const file = join(directory(t), "abc");
	writeFileSync(file, "abc");
	assert.deepEqual(await run("file-checksum", { path: file, algorithm: "sha-256" }), {
		text: `SHA256 (${file}) = ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n`,
		message: "",
	});
	assert.match((await run("file-checksum", { path: `${file}x`, algorithm: "md5" })).message, /ENOENT/);
});

test("values become arguments of programs, never options", () => {
	assert.deepEqual(
		commandOf("ping", { host: "www.example", count: "3", size: "100", inet6: "", source: "2001:db8::1" }),
		["ping", "-6", "-c", "3", "-s", "100", "-I", "2001:db8::1", "--", "www.example"],
	);
	assert.deepEqual(commandOf("traceroute", { host: "192.0.2.1", ttl: "5" }), [
		"traceroute",
		"-m",
		"5",
		"--",
		"192.0.2.1",
	]);
	assert.deepEqual(commandOf("ping", { host: "h", rapid: "" }), ["ping", "-i", "0.2", "-q", "-c", "5", "--", "h"]);
});

test("a program that is not there is told by its name; one that fails by its status", async (t) => {
	const { PATH } = process.env;
	t.after(() => {
		process.env.PATH = PATH;
	});
	process.env.PATH = directory(t);
	const missing = runLocalProgram("traceroute", { host: "192.0.2.1" }, () => undefined, false);
	assert.equal(await missing.ended, "the program traceroute is not installed on this host");
	const fake = join(process.env.PATH, "ping");
	writeFileSync(fake, "#!/bin/sh\necho out; echo err >&2; exit 2\n", { mode: 0o755 });
	let text = "";
	const failing = runLocalProgram(
		"ping",
		{ host: "h" },
		(piece) => {
			text += piece;
		},
		false,
	);
	assert.equal(await failing.ended, "ping ended with status 2");
	assert.deepEqual(text.split("\n").sort(), ["", "err", "out"]);
});

test("a program is stopped", async (t) => {
	const { PATH } = process.env;
	t.after(() => {
		process.env.PATH = PATH;
	});
	const path = directory(t);
	writeFileSync(join(path, "ping"), "#!/bin/sh\nexec sleep 30\n", { mode: 0o755 });
	process.env.PATH = `${path}:${PATH}`;
	const running = runLocalProgram("ping", { host: "h" }, () => undefined, false);
	setTimeout(() => running.stop(), 200);
	assert.match(await running.ended, /ended with status/);
});

test("addresses without a name, and without a name server, are left as they are", async () => {
	const started = performance.now();
	const names = await namesOf(["192.0.2.1", "192.0.2.2"]);
	assert.ok(names.size <= 2);
	assert.ok(performance.now() - started < 5_000);
});
