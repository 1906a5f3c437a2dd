import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterEach, beforeEach, test } from "node:test";
import { runExplain, runSessions } from "#daemon/sessions-command.ts";
import { openEventDatabase } from "#telemetry/event-database-shell.ts";
import { gatewayEvent } from "#telemetry/event-table.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";
import { eventRow, sessionRow } from "#telemetry/session-row.ts";
import { Collector } from "../../test/support/collector.ts";
import { leg, recordedAt, sessionRecord } from "../../test/support/session-records.ts";

let state = "";
beforeEach(() => {
	state = mkdtempSync(join(tmpdir(), "sallyport-sessions-"));
});
afterEach(() => rmSync(state, { recursive: true }));

let batches = 0;
function store(...records: readonly SessionRecord[]): void {
	const { database } = openEventDatabase(join(state, "events.sqlite"), recordedAt);
	database.append(`batch-${++batches}`, records.map(sessionRow));
	database.close();
}

const id = (number: number) => number.toString(16).padStart(16, "0");
const numbered = (count: number) => Array.from({ length: count }, (_, index) => sessionRecord({ id: id(index) }));

/** Runs a command as in a pipe, or as in a terminal when `columns` is given. */
async function run(command: typeof runSessions, args: string[], columns?: number, environment: NodeJS.ProcessEnv = {}) {
	const [stdout, stderr] = [new Collector(), new Collector()];
	const isTerminal = columns !== undefined;
	const status = await command(args, {
		stdout,
		stderr,
		isTerminal,
		columns: columns ?? 80,
		environment: { SALLYPORT_STATE: state, ...environment },
	});
	return { status, out: stdout.text, err: stderr.text, lines: stdout.text.trimEnd().split("\n") };
}

test("sessions shows the newest, newest last, under a header", async () => {
	store(...numbered(60));
	const all = await run(runSessions, []);
	assert.equal(all.status, 0);
	assert.equal(all.lines.length, 51);
	assert.match(
		all.lines[0] ?? "",
		/^TIME +SESSION +LISTENER +CLIENT +HOST +OUTCOME +RULE +TLS +OCTETS +FINDINGS +ENDED$/,
	);
	const few = await run(runSessions, ["--limit", "2", "--json"]);
	assert.deepEqual(
		few.lines.map((line) => JSON.parse(line).id),
		[id(58), id(59)],
	);
});

test("--limit all shows every record, oldest first, over many pages", async () => {
	store(...numbered(1_203));
	const { lines } = await run(runSessions, ["--limit=all", "--json"]);
	assert.deepEqual(
		lines.map((line) => JSON.parse(line).id),
		numbered(1_203).map((record) => record.id),
	);
});

test("--json writes the record itself", async () => {
	store(sessionRecord({ fact: "a \u202e b \x9b \u{e0041}" }));
	const { out } = await run(runSessions, ["--json"]);
	assert.deepEqual(JSON.parse(out), sessionRecord({ fact: "a \u202e b \x9b \u{e0041}" }));
	assert.match(out, /^[\x20-\x7e]+\n$/);
});

test("filters narrow what is shown", async () => {
	store(sessionRecord({ decision: "block" }), sessionRecord({ decision: "bypass", id: id(7) }));
	const { lines } = await run(runSessions, ["--decision", "bypass", "--client", "10.0.0.0/8", "--json"]);
	assert.deepEqual(
		lines.map((line) => JSON.parse(line).id),
		[id(7)],
	);
});

test("nothing to show is said beside the output, not in it", async () => {
	store(sessionRecord());
	const none = await run(runSessions, ["--decision", "block", "--json"]);
	assert.deepEqual([none.status, none.out, none.err], [0, "", "sallyport sessions: no session matches\n"]);
	rmSync(join(state, "events.sqlite"));
	store();
	assert.equal((await run(runSessions, ["--json"])).err, "sallyport sessions: no session was recorded yet\n");
});

test("a terminal gets lines of its width, coloured unless NO_COLOR is set; a pipe gets neither", async () => {
	store(sessionRecord({ decision: "block", rule: "r".repeat(90) }));
	const terminal = await run(runSessions, [], 100);
	assert.ok(terminal.out.includes("\x1b[31mblock"));
	const plain = await run(runSessions, [], 100, { NO_COLOR: "1" });
	assert.ok(plain.lines.every((line) => line.length <= 100 && !line.includes("\x1b")));
	const pipe = await run(runSessions, []);
	assert.ok(pipe.out.includes("r".repeat(90)) && !pipe.out.includes("\x1b"));
});

test("hostile names in records cannot steer the terminal", async () => {
	const evil = "\x1b]0;owned\x07\r\n\u202e";
	store(
		sessionRecord({
			server: { host: evil, port: 443 },
			sni: evil,
			fact: evil,
			rule: evil,
			endedBecause: evil,
			faultCode: evil,
		}),
	);
	for (const shown of [
		await run(runSessions, [], 200, { NO_COLOR: "1" }),
		await run(runSessions, ["--json"]),
		await run(runExplain, ["3f9c"]),
	]) {
		assert.equal(shown.status, 0);
		assert.doesNotMatch(shown.out.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
	}
	const wrong = await run(runSessions, [`--fault=${evil}`]);
	assert.doesNotMatch(wrong.err.trimEnd(), /[\p{Cc}\p{Cf}]/u);
});

test("a wrong command line is answered with status 2, what was expected and the nearest", async () => {
	store(sessionRecord());
	for (const [args, says] of [
		[["--limt", "3"], /option --limt does not exist; nearest: --limit/],
		[["--decisoin", "block"], /nearest: --decision/],
		[["--limit", "0"], /--limit: expected 1 to 9999999, or "all", got "0"/],
		[["--limit"], /--limit has no value/],
		[["--follow=yes"], /--follow takes no value/],
		[["shop.example"], /unexpected word "shop.example"; filters begin with --/],
		[["--since", "yesterday"], /--since: expected a time such as .*, got "yesterday"/],
	] as const) {
		const { status, out, err } = await run(runSessions, [...args]);
		assert.deepEqual([status, out], [2, ""]);
		assert.match(err, says);
		assert.match(err, /^sallyport sessions: [^\n]*; see sallyport sessions --help\n$/);
	}
});

test("a store that is missing is named, with the way to get one", async () => {
	const { status, err } = await run(runSessions, ["--state", join(state, "elsewhere")]);
	assert.equal(status, 1);
	const path = join(state, "elsewhere", "events.sqlite");
	assert.equal(
		err,
		`sallyport sessions: event store ${path} does not exist; start the gateway with npm start, or name its state directory with --state DIR\n`,
	);
});

test("a store that is damaged is named", async () => {
	writeFileSync(join(state, "events.sqlite"), "nothing of the kind ".repeat(100));
	const { status, err } = await run(runExplain, ["00"]);
	assert.equal(status, 1);
	assert.match(err, /events\.sqlite cannot be read: file is not a database/);
});

test("--state wins over the environment", async () => {
	store(sessionRecord());
	const found = await run(runSessions, ["--json", "--state", state], undefined, { SALLYPORT_STATE: "/nonexistent" });
	assert.equal(found.status, 0);
	assert.equal(found.lines.length, 1);
});

test("help shows every option, the filters and examples", async () => {
	const help = await run(runSessions, ["--help"]);
	assert.equal(help.status, 0);
	for (const word of ["--follow", "--json", "--limit", "--state", "--client", "--text", "--findings", "Examples:"]) {
		assert.ok(help.out.includes(word), word);
	}
	assert.match((await run(runExplain, ["--help"])).out, /Examples:\n {2}sallyport explain/);
});

test("explain takes an id or its first digits", async () => {
	store(sessionRecord(), sessionRecord({ id: id(1) }));
	for (const word of ["3f9c2a1b77d0e452", "3f9c", "3F9C"]) {
		const { status, out } = await run(runExplain, [word]);
		assert.equal(status, 0);
		assert.match(out, /^Session 3f9c2a1b77d0e452: decrypted\nAsked /);
	}
	assert.deepEqual(JSON.parse((await run(runExplain, ["3f", "--json"])).out), sessionRecord());
});

test("R297 K8: explain names the issuance of the certificate that the client got", async () => {
	store(sessionRecord());
	const { database } = openEventDatabase(join(state, "events.sqlite"), recordedAt);
	const issued = gatewayEvent("CERTIFICATE_ISSUED", recordedAt, {
		names: ["shop.example"],
		serial: "7d00aa",
		leafSha256: leg.certificateSha256 ?? "",
		originSha256: "b2".repeat(32),
		ca: "inspection",
		caSha256: "cc",
		notAfter: recordedAt,
		worker: 1,
		session: "5e55101234567890",
	});
	database.append("issued", [eventRow(issued)]);
	database.close();
	assert.match((await run(runExplain, ["3f"])).out, /signed by CA "inspection"\.\n.*serial 7d00aa/);
});

test("explain lists the candidates when the digits are not enough", async () => {
	store(...numbered(20));
	const { status, out, err } = await run(runExplain, ["0000"]);
	assert.deepEqual([status, out], [1, ""]);
	assert.match(err, /several session ids begin with 0000; give more digits:\n/);
	assert.match(err, /\n {2}0000000000000013 {2}\S+ \S+ {2}10\.1\.4\.7 {2}shop\.example\n {2}\.\.\.\n$/);
	assert.equal(err.split("\n").length, 11);
});

test("explain names the nearest ids when there is none, and says what an id looks like", async () => {
	store(sessionRecord(), sessionRecord({ id: "ffffffffffffffff" }));
	const unknown = await run(runExplain, ["3f9c2a1b77d0e453"]);
	assert.equal(unknown.status, 1);
	assert.match(unknown.err, /no session has an id that begins with 3f9c2a1b77d0e453; nearest: 3f9c2a1b77d0e452,/);
	assert.match(
		(await run(runExplain, ["shop"])).err,
		/"shop" is not a session id; expected last, or 1 to 16 hexadecimal/,
	);
	assert.match((await run(runExplain, [])).err, /expected one session id, got 0/);
	assert.match((await run(runExplain, ["a", "b"])).err, /expected one session id, got 2/);
	assert.match((await run(runExplain, ["a", "--follow"])).err, /option --follow does not exist/);
});

/** Runs the command in a process of its own, its output in a pipe. */
function spawnSessions(...args: string[]) {
	const program = join(state, "program.mjs");
	writeFileSync(
		program,
		`import { runSessions } from ${JSON.stringify(import.meta.resolve("#daemon/sessions-command.ts"))};
		process.exitCode = await runSessions(process.argv.slice(2),
			{ stdout: process.stdout, stderr: process.stderr, isTerminal: false, columns: 80 });`,
	);
	const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program, ...args], {
		env: { ...process.env, SALLYPORT_STATE: state },
		stdio: ["ignore", "pipe", "pipe"],
	});
	const seen = { out: "", err: "" };
	child.stdout.on("data", (chunk) => {
		seen.out += chunk;
	});
	child.stderr.on("data", (chunk) => {
		seen.err += chunk;
	});
	const exit = once(child, "exit");
	return { child, seen, exit };
}

async function until(condition: () => boolean, what: string): Promise<void> {
	for (let round = 0; round < 1_500; round++) {
		if (condition()) return;
		await new Promise((resolve) => setTimeout(resolve, 10));
	}
	assert.fail(`waited 15 s for: ${what}`);
}

test("--follow shows what is there, then what comes, over a replaced file, until SIGINT ends it cleanly", async () => {
	store(sessionRecord({ id: id(1) }), sessionRecord({ id: id(2), decision: "block" }));
	const { child, seen, exit } = spawnSessions("--follow", "--json", "--decision", "decrypt");
	const ids = () =>
		seen.out
			.split("\n")
			.filter(Boolean)
			.map((line) => Number.parseInt(JSON.parse(line).id, 16));
	await until(() => ids().length === 1, "the first record");
	store(sessionRecord({ id: id(3) }), sessionRecord({ id: id(4), decision: "bypass" }));
	await until(() => ids().length === 2, "the new record");
	rmSync(join(state, "events.sqlite"));
	for (const suffix of ["-wal", "-shm"]) rmSync(join(state, `events.sqlite${suffix}`), { force: true });
	store(sessionRecord({ id: id(5) }));
	await until(() => ids().length === 3, "the record of the fresh file");
	assert.deepEqual(ids(), [1, 3, 5]);
	child.kill("SIGINT");
	assert.deepEqual(await exit, [0, null]);
	assert.equal(seen.err, "");
});

test("a reader that goes away ends the command quietly", async () => {
	store(...numbered(3_000));
	const { child, seen, exit } = spawnSessions("--limit", "all", "--json");
	child.stdout.once("data", () => child.stdout.destroy());
	assert.deepEqual(await exit, [0, null]);
	assert.equal(seen.err, "");
});

test("a follower whose reader goes away ends with the next record", async () => {
	store(sessionRecord());
	const { child, seen, exit } = spawnSessions("--follow");
	await until(() => seen.out.includes("3f9c2a1b"), "the first record");
	child.stdout.destroy();
	store(sessionRecord({ id: id(1) }));
	assert.deepEqual(await exit, [0, null]);
	assert.equal(seen.err, "");
});

test("an output that cannot be written is a failure", async () => {
	store(sessionRecord());
	const stderr = new Collector();
	const stdout = new Writable({ write: (_chunk, _encoding, done) => done(new Error("no space left")) });
	const io = { stdout, stderr, isTerminal: false, columns: 80, environment: { SALLYPORT_STATE: state } };
	assert.equal(await runSessions([], io), 1);
	assert.match(stderr.text, /output cannot be written: no space left/);
});

test("the state directory may have any name", async () => {
	const odd = join(state, "a b?mode=memory#%41");
	mkdirSync(odd);
	const { database } = openEventDatabase(join(odd, "events.sqlite"), recordedAt);
	database.append("a", [sessionRow(sessionRecord())]);
	database.close();
	assert.equal((await run(runSessions, ["--json", "--state", odd])).lines.length, 1);
});
