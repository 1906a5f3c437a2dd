/**
 * What a terminal does itself, with the rights of its user: runs the few programs that commands stand for, looks names up.
 */
import { spawn } from "node:child_process";
import { Resolver } from "node:dns/promises";
import {
	checksum,
	copyFile,
	deleteFile,
	listFiles,
	localPath,
	readLocalFile,
	renameFile,
} from "#cli/local-files-shell.ts";
import type { LocalProgram } from "#cli/socket-protocol.ts";

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
	const { path = "", from = "", to = "" } = values;
	switch (program) {
		case "file-checksum":
			return finished(() => onText(checksum(path, values.algorithm ?? "")));
		case "file-copy":
			return finished(() => copyFile(from, to));
		case "file-delete":
			return finished(() => deleteFile(path));
		case "file-list":
			return finished(() => onText(listFiles(values.path ?? ".")));
		case "file-rename":
			return finished(() => renameFile(from, to));
		case "file-show":
			return showFile(path, onText);
		default:
			return spawned(program, values, onText, hasTerminal);
	}
}

function spawned(
	program: LocalProgram,
	values: Readonly<Record<string, string>>,
	onText: (text: string) => void,
	hasTerminal: boolean,
): RunningProgram {
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
			settle(
				code === 0 || code === goodStatus[program] || program === "shell" ? "" : `${command} ended with status ${code}`,
			),
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
		case "file-compare":
			return ["diff", "-u", "--", localPath(values.from ?? ""), localPath(values.to ?? "")];
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

/** A status beside 0 that is no failure: the files differ. */
const goodStatus: Partial<Record<LocalProgram, number>> = { "file-compare": 1 };
/** Until Ctrl-C, as far as that goes. */
const endlessPings = "100000";
const resolveMs = 1_000;
