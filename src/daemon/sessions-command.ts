/** `sallyport sessions` and `sallyport explain`: what became of connections, read from the event store's file. */

import { setTimeout as sleep } from "node:timers/promises";
import { stateDirectoryLayout, stateDirectoryPath } from "#daemon/state-directory.ts";
import { visibleJson, visibleText } from "#telemetry/display-text.ts";
import type { GatewayEvent } from "#telemetry/event-table.ts";
import { explainSession } from "#telemetry/explain-session.ts";
import { localTime, SessionTable } from "#telemetry/format-session.ts";
import { nearestWords } from "#telemetry/nearest-words.ts";
import { filterOptions, parseSessionFilter, type SessionFilter } from "#telemetry/session-filter.ts";
import { SessionReader, StoreUnreadableError } from "#telemetry/session-reader-shell.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";

/** Where a command writes to. */
export interface CommandOutput {
	readonly stdout: NodeJS.WritableStream;
	readonly stderr: NodeJS.WritableStream;
	/** True when stdout is a terminal: then lines are cut to its width and, without NO_COLOR, coloured. */
	readonly isTerminal: boolean;
	/** Cells of the terminal. */
	readonly columns: number;
	readonly environment?: NodeJS.ProcessEnv;
}

/** Runs `sallyport sessions ARGS` and answers the exit status: 0, 1 for trouble, 2 for a wrong command line. */
export function runSessions(args: readonly string[], io: CommandOutput): Promise<number> {
	return runCommand("sessions", sessionsHelp, args, io, async (words, printer) => {
		const parsed = parseSessionFilter(words, Date.now());
		if (parsed.kind === "refused") throw new UsageError(parsed.reason);
		const options = readOptions(parsed.rest, ["--follow", "--json", "--limit", "--state"], "sessions");
		if (options.words.length > 0) throw new UsageError(`unexpected word "${options.words[0]}"; filters begin with --`);
		const show = recordPrinter(options.isJson, io);
		const wanted = { filter: parsed.filter, limit: options.limit ?? (options.isFollowing ? followLimit : listLimit) };
		const reader = new SessionReader(storeFile(options, io));
		if (options.isFollowing) return await follow(reader, wanted, show, printer);
		try {
			await list(reader, wanted, show, printer);
		} finally {
			reader.close();
		}
	});
}

/** Runs `sallyport explain ARGS` and answers the exit status as `runSessions` does. */
export function runExplain(args: readonly string[], io: CommandOutput): Promise<number> {
	return runCommand("explain", explainHelp, args, io, async (words, printer) => {
		const options = readOptions(words, ["--json", "--state"], "explain");
		const [id, ...more] = options.words;
		if (id === undefined || more.length > 0) {
			throw new UsageError(`expected one session id, got ${options.words.length}; sallyport sessions lists them`);
		}
		const reader = new SessionReader(storeFile(options, io));
		try {
			const record = findSession(reader, id.toLowerCase());
			await printer.print(
				options.isJson ? `${visibleJson(record)}\n` : explainSession(record, issuanceOf(reader, record)),
			);
		} finally {
			reader.close();
		}
	});
}

interface Wanted {
	readonly filter: SessionFilter;
	readonly limit: number;
}

interface RecordPrinter {
	readonly header: string;
	readonly line: (record: SessionRecord) => string;
}

interface CommandOptions {
	readonly isFollowing: boolean;
	readonly isJson: boolean;
	readonly limit?: number;
	readonly state?: string;
	readonly words: readonly string[];
}

async function list(reader: SessionReader, wanted: Wanted, show: RecordPrinter, printer: Printer): Promise<void> {
	await printer.print(show.header);
	let shown = 0;
	if (wanted.limit === Number.POSITIVE_INFINITY) {
		let place = 0;
		for (let isLast = false; !isLast && !printer.isClosed; ) {
			const page = reader.after(place, wanted.filter);
			await printer.print(page.sessions.map(({ record }) => show.line(record)).join(""));
			({ next: place, isLast } = page);
			shown += page.sessions.length;
		}
	} else {
		const found = reader.newest(wanted.filter, wanted.limit);
		for (let at = 0; at < found.length && !printer.isClosed; at += linesPerWrite) {
			const part = found.slice(at, at + linesPerWrite);
			await printer.print(part.map(({ record }) => show.line(record)).join(""));
		}
		shown = found.length;
	}
	if (shown === 0) printer.note(reader.lastRow() === 0 ? "no session was recorded yet" : "no session matches");
}

/** Prints what is there and then what comes, until interrupted or nobody reads any more. */
async function follow(first: SessionReader, wanted: Wanted, show: RecordPrinter, printer: Printer): Promise<void> {
	const stop = new AbortController();
	const onInterrupt = () => stop.abort();
	process.once("SIGINT", onInterrupt);
	let reader = first;
	try {
		let place = reader.lastRow();
		const newest = reader.newest(wanted.filter, wanted.limit).filter(({ row }) => row <= place);
		await printer.print(show.header + newest.map(({ record }) => show.line(record)).join(""));
		while (!stop.signal.aborted && !printer.isClosed) {
			await sleep(pollMs, undefined, { signal: stop.signal }).catch(() => undefined);
			const fresh = reader.isInPlace() ? undefined : openIfPresent(reader.file);
			if (fresh !== undefined) {
				reader.close();
				reader = fresh;
				place = 0;
			}
			for (let isLast = false; !isLast && !stop.signal.aborted && !printer.isClosed; ) {
				const page = reader.after(place, wanted.filter);
				await printer.print(page.sessions.map(({ record }) => show.line(record)).join(""));
				({ next: place, isLast } = page);
			}
		}
	} finally {
		process.off("SIGINT", onInterrupt);
		reader.close();
	}
}

/** The store was moved aside or removed; a fresh one may stand there a moment later. */
function openIfPresent(file: string): SessionReader | undefined {
	try {
		return new SessionReader(file);
	} catch (error) {
		if (error instanceof StoreUnreadableError) return undefined;
		throw error;
	}
}

function findSession(reader: SessionReader, id: string): SessionRecord {
	if (id === "last") {
		// Workers report in turn: what began last is not what was written last.
		const [first, ...others] = reader.newest({}, recordedTogether).map(({ record }) => record);
		if (first === undefined) throw new CommandError("no session was recorded yet");
		return others.reduce((last, one) => (one.startedAt >= last.startedAt ? one : last), first);
	}
	if (!/^[0-9a-f]{1,16}$/.test(id)) {
		throw new UsageError(
			`"${id}" is not a session id; expected last, or 1 to 16 hexadecimal digits, the first of them or all`,
		);
	}
	const found = reader.byId(id, mostCandidates + 1);
	const exact = found.findLast((record) => record.id === id) ?? (found.length === 1 ? found[0] : undefined);
	if (exact !== undefined) return exact;
	if (found.length > 0) {
		const lines = found.slice(-mostCandidates).map((record) => {
			return `  ${record.id}  ${localTime(record.startedAt)}  ${record.client.address}  ${record.server.host}`;
		});
		const more = found.length > mostCandidates ? ["  ..."] : [];
		throw new CommandError(`several session ids begin with ${id}; give more digits:`, [...lines, ...more]);
	}
	const near = nearestWords(id, reader.recentIds(idsCompared), 3);
	const advice = near.length === 0 ? "no session was recorded yet" : `nearest: ${near.join(", ")}`;
	throw new CommandError(
		`no session has an id that begins with ${id}; ${advice}; older ones may have been removed by retention`,
	);
}

function issuanceOf(reader: SessionReader, record: SessionRecord): GatewayEvent<"CERTIFICATE_ISSUED"> | undefined {
	const leaf = record.clientLeg?.certificateSha256;
	if (leaf === undefined) return undefined;
	return reader.eventByKey("CERTIFICATE_ISSUED", leaf) as GatewayEvent<"CERTIFICATE_ISSUED"> | undefined;
}

function recordPrinter(isJson: boolean, io: CommandOutput): RecordPrinter {
	if (isJson) return { header: "", line: (record) => `${visibleJson(record)}\n` };
	const hasColour = io.isTerminal && !(io.environment ?? process.env).NO_COLOR;
	const table = new SessionTable(io.isTerminal ? { width: io.columns, hasColour } : { hasColour });
	return { header: `${table.header()}\n`, line: (record) => `${table.line(record)}\n` };
}

function readOptions(args: readonly string[], known: readonly string[], command: string): CommandOptions {
	let options: CommandOptions = { isFollowing: false, isJson: false, words: [] };
	for (let at = 0; at < args.length; at++) {
		const [word, ...inline] = (args[at] as string).split("=") as [string, ...string[]];
		if (!word.startsWith("-")) {
			options = { ...options, words: [...options.words, args[at] as string] };
			continue;
		}
		if (!known.includes(word)) {
			const all = command === "sessions" ? [...known, ...filterOptions.map(({ name }) => name)] : known;
			throw new UsageError(`option ${word} does not exist; nearest: ${nearestWords(word, all, 2).join(", ")}`);
		}
		if (word === "--follow" || word === "--json") {
			if (inline.length > 0) throw new UsageError(`option ${word} takes no value`);
			options = word === "--json" ? { ...options, isJson: true } : { ...options, isFollowing: true };
			continue;
		}
		const value = inline.length > 0 ? inline.join("=") : args[++at];
		if (value === undefined || value === "") throw new UsageError(`option ${word} has no value`);
		options = word === "--state" ? { ...options, state: value } : { ...options, limit: readLimit(value) };
	}
	return options;
}

function readLimit(value: string): number {
	if (value === "all") return Number.POSITIVE_INFINITY;
	if (/^[1-9][0-9]{0,6}$/.test(value)) return Number(value);
	throw new UsageError(`option --limit: expected 1 to 9999999, or "all", got "${value}"`);
}

function storeFile(options: CommandOptions, io: CommandOutput): string {
	return stateDirectoryLayout(stateDirectoryPath(options.state, io.environment ?? process.env)).eventStore;
}

async function runCommand(
	name: string,
	help: string,
	args: readonly string[],
	io: CommandOutput,
	work: (args: readonly string[], printer: Printer) => Promise<void>,
): Promise<number> {
	const printer = new Printer(name, io);
	try {
		if (args.includes("--help") || args.includes("-h")) await printer.print(help);
		else await work(args, printer);
		return printer.failure === undefined ? 0 : printer.fail(`output cannot be written: ${printer.failure}`, 1);
	} catch (error) {
		if (error instanceof UsageError) return printer.fail(`${error.message}; see sallyport ${name} --help`, 2);
		if (error instanceof CommandError) return printer.fail(error.message, 1, error.details);
		if (error instanceof StoreUnreadableError) {
			const start = "start the gateway with npm start, or name its state directory with --state DIR";
			return printer.fail(error.isMissing ? `${error.message}; ${start}` : error.message, 1);
		}
		throw error;
	} finally {
		printer.release();
	}
}

/** What the user asked for cannot be given; the details are lines of their own. */
class CommandError extends Error {
	readonly details: readonly string[];
	constructor(message: string, details: readonly string[] = []) {
		super(message);
		this.details = details;
	}
}

/** The command line is wrong. */
class UsageError extends Error {}

/** Writes at the reader's pace and notices when nobody reads any more (`| head`), which is no failure. */
class Printer {
	readonly #name: string;
	readonly #io: CommandOutput;
	isClosed = false;
	failure: string | undefined;

	constructor(name: string, io: CommandOutput) {
		this.#name = name;
		this.#io = io;
		io.stdout.on("error", this.#onError);
	}

	print(text: string): Promise<void> {
		if (this.isClosed || text === "") return Promise.resolve();
		return new Promise((resolve) => {
			this.#io.stdout.write(text, (error) => {
				if (error) this.#onError(error);
				resolve();
			});
		});
	}

	/** Says something beside the output, so that a program that reads the output does not see it. */
	note(text: string): void {
		this.#io.stderr.write(`sallyport ${this.#name}: ${text}\n`);
	}

	/** Reports why the command failed, safe to print. Answers `status`. */
	fail(message: string, status: number, details: readonly string[] = []): number {
		this.note([message, ...details].map(visibleText).join("\n"));
		return status;
	}

	release(): void {
		// A stream that broke may report it once more after the last write.
		if (!this.isClosed) this.#io.stdout.off("error", this.#onError);
	}

	readonly #onError = (error: Error): void => {
		this.isClosed = true;
		if (!("code" in error) || error.code !== "EPIPE") this.failure = error.message;
	};
}

const listLimit = 50;
const followLimit = 10;
const linesPerWrite = 200;
const pollMs = 250;
/** Records that several workers may report within one turn. */
const recordedTogether = 200;
const mostCandidates = 8;
const idsCompared = 5_000;

const optionLines = filterOptions.map(({ name, expected }) => `  ${name.padEnd(12)}${expected}`).join("\n");

const sessionsHelp = `Usage: sallyport sessions [--follow] [--json] [--limit N] [--state DIR] [FILTER ...]

Shows what became of connections, newest last: one line each, or the whole record as JSON.

  --follow    print the newest ones, then each new one, until Ctrl-C
  --json      one JSON record per line instead of the table
  --limit     how many of the newest, or "all"; ${listLimit} when not given, ${followLimit} with --follow
  --state     the gateway's state directory; else SALLYPORT_STATE, else var in the checkout

Filters; all that are given must hold:
${optionLines}

Times without a zone are in the zone of this process. A session counts as "since" and "until" when it was open then.

Examples:
  sallyport sessions --follow
  sallyport sessions --decision block --since 2h
  sallyport sessions --client 10.1.4.0/24 --host '*.example.com' --limit 200
  sallyport sessions --fault any --json | jq -r .server.host | sort | uniq -c
`;

const explainHelp = `Usage: sallyport explain SESSION [--json] [--state DIR]

Tells the whole way of one connection in sentences. SESSION is its id or the first digits of it, when no other begins so,
or last for the newest.

  --json      the record as JSON instead
  --state     the gateway's state directory; else SALLYPORT_STATE, else var in the checkout

Examples:
  sallyport explain last
  sallyport explain 3f9c2a1b
  sallyport explain 3f9c2a1b77d0e452 --json
`;
