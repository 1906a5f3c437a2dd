/**
 * Log files: listing, showing, following, emptying. `messages` is the daemon's log as lines to read; the files
 * themselves go by their own names.
 */
import {
	closeSync,
	createReadStream,
	fstatSync,
	openSync,
	readdirSync,
	readSync,
	statSync,
	truncateSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { utc } from "#config/commit.ts";
import { visibleText } from "#telemetry/display-text.ts";

/** The names that begin with `prefix`. */
export function logFiles(daemonLog: string, prefix = ""): readonly string[] {
	const names = readdirSync(dirname(daemonLog)).filter((name) => name.endsWith(".log"));
	return ["messages", ...names.sort()].filter((name) => name.startsWith(prefix));
}

/** `show log`. */
export function listLogs(daemonLog: string): string {
	const lines = logFiles(daemonLog).map((name) => {
		const { size, mtimeMs } = statSync(pathOf(daemonLog, name));
		return `${String(size).padStart(12)}  ${utc(mtimeMs)}  ${name}`;
	});
	return `total ${lines.length}\n${lines.join("\n")}\n`;
}

/** `show log FILE`. */
export async function* showLog(daemonLog: string, name: string): AsyncIterable<string> {
	const path = pathOf(daemonLog, name);
	const format = formatOf(name);
	let held = "";
	for await (const piece of createReadStream(path, { encoding: "utf8" })) {
		const lines = (held + String(piece)).split("\n");
		held = (lines.pop() ?? "").slice(-longestLine);
		yield lines.map((line) => `${format(line)}\n`).join("");
	}
	if (held !== "") yield `${format(held)}\n`;
}

/** `clear log FILE`. */
export function clearLog(daemonLog: string, name: string): string {
	truncateSync(pathOf(daemonLog, name));
	return "";
}

/**
 * `monitor start FILE`: calls with what is added from now on; answers what ends it.
 *
 * Bounds: at most `mostPerLook` octets a look; what is more is left out, and said to be.
 */
export function followLog(daemonLog: string, name: string, onText: (text: string) => void): () => void {
	const path = pathOf(daemonLog, name);
	const format = formatOf(name);
	let place = statSync(path).size;
	let held = "";
	const look = (): void => {
		const { text, next, left } = readFrom(path, place);
		place = next;
		if (text === "" && left === 0) return;
		const lines = (held + text).split("\n");
		held = (lines.pop() ?? "").slice(-longestLine);
		const skipped = left > 0 ? `... ${left} octets were left out\n` : "";
		if (lines.length > 0 || skipped !== "")
			onText(`\n*** ${name} ***\n${lines.map((line) => `${format(line)}\n`).join("")}${skipped}`);
	};
	const timer = setInterval(() => {
		try {
			look();
		} catch {
			// The file is gone for a moment: it is looked for again.
			place = 0;
		}
	}, lookEveryMs);
	timer.unref();
	return () => clearInterval(timer);
}

function readFrom(
	path: string,
	place: number,
): { readonly text: string; readonly next: number; readonly left: number } {
	const file = openSync(path, "r");
	try {
		const { size } = fstatSync(file);
		// A file that became shorter was begun anew.
		const from = size < place ? 0 : place;
		const buffer = Buffer.alloc(Math.min(size - from, mostPerLook));
		const length = readSync(file, buffer, 0, buffer.length, from);
		return { text: buffer.toString("utf8", 0, length), next: size, left: size - from - length };
	} finally {
		closeSync(file);
	}
}

/** Only files that `logFiles` names: the name comes from a user. */
function pathOf(daemonLog: string, name: string): string {
	if (name === "messages") return daemonLog;
	if (name !== basename(name) || !logFiles(daemonLog).includes(name))
		throw new Error(`could not resolve file: ${name}`);
	return join(dirname(daemonLog), name);
}

function formatOf(name: string): (line: string) => string {
	return name === "messages" ? readable : visibleText;
}

/** A line of the daemon's log as a syslog line: `Nov 21 10:04:59 warning SESSION_OVERLOAD: worker 1 holds ...`. */
function readable(line: string): string {
	let value: unknown;
	try {
		value = JSON.parse(line);
	} catch {
		return visibleText(line);
	}
	if (typeof value !== "object" || value === null || Array.isArray(value)) return visibleText(line);
	const { level, time, msg, event, cause } = value as Record<string, unknown>;
	const at = typeof time === "string" ? new Date(time) : new Date(Number.NaN);
	const date = Number.isNaN(at.getTime())
		? "?"
		: `${months[at.getUTCMonth()]} ${String(at.getUTCDate()).padStart(2)} ${at.toISOString().slice(11, 19)}`;
	const text = [event === undefined ? undefined : `${event}:`, msg, cause === undefined ? undefined : `(${cause})`];
	return visibleText([date, levels[Number(level)] ?? "info", ...text].filter((part) => part !== undefined).join(" "));
}

const levels: Readonly<Record<number, string>> = {
	20: "debug",
	30: "info",
	40: "warning",
	50: "error",
	60: "critical",
};
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const longestLine = 1_048_576;
const lookEveryMs = 500;
const mostPerLook = 65_536;
