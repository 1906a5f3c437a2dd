/**
 * What a terminal does itself, with the rights of its user: reads and writes files, runs the few programs that commands
 * stand for, looks names up.
 */
import { spawn } from "node:child_process";
import { Resolver } from "node:dns/promises";
import { appendFileSync, createReadStream, lstatSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { LocalProgram } from "#cli/socket-protocol.ts";

/** Reads a file piece by piece; `~` is the user's directory. Throws what the system says of it. */
export async function* readLocalFile(file: string): AsyncIterable<string> {
	const path = localPath(file);
	if (!statSync(path).isFile()) throw new Error(`${file} is no file`);
	for await (const piece of createReadStream(path, { encoding: "utf8", highWaterMark: 65_536 })) yield String(piece);
}

/** Writes or adds to a file (0600 when it is new). */
export function writeLocalFile(file: string, text: string, how: "replace" | "append"): void {
	const path = localPath(file);
	if (how === "append") appendFileSync(path, text, { mode: 0o600 });
	else writeFileSync(path, text, { mode: 0o600 });
}

/** A program that runs: its output comes by `onText`, its end by `ended` (a message when it failed). */
export interface RunningProgram {
	readonly ended: Promise<string>;
	stop(): void;
}

/**
 * Runs a program. A shell gets the terminal itself (`hasTerminal`), the others are read.
 */
export function runLocalProgram(
	program: LocalProgram,
	values: Readonly<Record<string, string>>,
	onText: (text: string) => void,
	hasTerminal: boolean,
): RunningProgram {
	if (program === "file-list") return finished(() => onText(listFiles(values.path ?? ".")));
	if (program === "file-show") return showFile(values.path ?? "", onText);
	const [command, ...args] = commandOf(program, values);
	const child = spawn(command as string, args, {
		stdio: program === "shell" && hasTerminal ? "inherit" : ["ignore", "pipe", "pipe"],
	});
	child.stdout?.setEncoding("utf8").on("data", onText);
	child.stderr?.setEncoding("utf8").on("data", onText);
	const ended = new Promise<string>((settle) => {
		child.on("error", (error: NodeJS.ErrnoException) => {
			settle(error.code === "ENOENT" ? `the program ${command} is not installed on this host` : error.message);
		});
		child.on("close", (code) =>
			settle(code === 0 || program === "shell" ? "" : `${command} ended with status ${code}`),
		);
	});
	return { ended, stop: () => void child.kill("SIGINT") };
}

/** The names of addresses, those that have one; none takes longer than `resolveMs`. */
export async function namesOf(addresses: readonly string[]): Promise<ReadonlyMap<string, string>> {
	const resolver = new Resolver({ timeout: resolveMs, tries: 1 });
	const names = new Map<string, string>();
	const look = async (address: string): Promise<void> => {
		try {
			const [name] = await resolver.reverse(address);
			if (name !== undefined) names.set(address, name);
		} catch {
			// An address without a name stays as it is.
		}
	};
	const timer = setTimeout(() => resolver.cancel(), resolveMs * 2);
	await Promise.all(addresses.map(look));
	clearTimeout(timer);
	return names;
}

/** The command line of a program; values were checked by the grammar, so that none can be taken for an option. */
export function commandOf(program: LocalProgram, values: Readonly<Record<string, string>>): string[] {
	const has = (name: string): boolean => values[name] !== undefined;
	const option = (flag: string, name: string): string[] => (has(name) ? [flag, values[name] as string] : []);
	const { host = "" } = values;
	switch (program) {
		case "ping":
			return [
				"ping",
				...(has("inet6") ? ["-6"] : []),
				...(has("rapid") ? ["-i", "0.2", "-q"] : []),
				...["-c", values.count ?? (has("rapid") ? "5" : endlessPings)],
				...option("-s", "size"),
				...option("-I", has("source") ? "source" : "interface"),
				"--",
				host,
			];
		case "traceroute":
			return [
				"traceroute",
				...(has("inet6") ? ["-6"] : []),
				...option("-m", "ttl"),
				...option("-s", "source"),
				"--",
				host,
			];
		default:
			return [process.env.SHELL ?? "/bin/sh"];
	}
}

function localPath(file: string): string {
	return file === "~" || file.startsWith("~/") ? join(homedir(), file.slice(1)) : resolve(file);
}

function listFiles(file: string): string {
	const path = localPath(file);
	const found = lstatSync(path);
	if (!found.isDirectory()) return `${path}\n`;
	const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
	const lines = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
	return [`${path}:`, ...lines, `total files: ${entries.length}`, ""].join("\n");
}

function showFile(file: string, onText: (text: string) => void): RunningProgram {
	let isStopped = false;
	const read = async (): Promise<string> => {
		let last = "";
		for await (const piece of readLocalFile(file)) {
			if (isStopped) return "";
			last = piece;
			onText(piece);
		}
		if (last !== "" && !last.endsWith("\n")) onText("\n");
		return "";
	};
	return {
		ended: read().catch(messageOf),
		stop: () => {
			isStopped = true;
		},
	};
}

function finished(work: () => void): RunningProgram {
	try {
		work();
		return { ended: Promise.resolve(""), stop: () => {} };
	} catch (cause) {
		return { ended: Promise.resolve(messageOf(cause)), stop: () => {} };
	}
}

function messageOf(cause: unknown): string {
	return cause instanceof Error ? cause.message : String(cause);
}

/** Until Ctrl-C, as far as that goes. */
const endlessPings = "100000";
const resolveMs = 1_000;
