/** Starts, measures and stops the programs of a benchmark; each is known by its process id. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chownSync, closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface Program {
	readonly pid: number;
	/** The process and all that descend from it. */
	pids(): number[];
	stop(): Promise<void>;
}

export interface ProgramOptions {
	readonly logFile: string;
	readonly cwd?: string;
	readonly user?: { readonly uid: number; readonly gid: number };
}

/** Starts a program whose output goes to a file. */
export function startProgram(command: string, args: readonly string[], options: ProgramOptions): Program {
	const log = openSync(options.logFile, "a");
	const child = spawn(command, args, {
		stdio: ["ignore", log, log],
		...(options.cwd === undefined ? {} : { cwd: options.cwd }),
		...(options.user ?? {}),
	});
	closeSync(log);
	child.on("error", (error) => process.stderr.write(`bench: ${command}: ${error.message}\n`));
	if (child.pid === undefined) throw new Error(`${command} did not start; is it installed?`);
	const { pid } = child;
	running.set(pid, child);
	child.on("exit", () => running.delete(pid));
	return { pid, pids: () => processTree(pid), stop: () => stopProgram(child, pid) };
}

/** Waits until a program accepts connections on a loopback port. */
export async function waitForPort(port: number, program: Program, logFile: string): Promise<void> {
	for (let attempt = 0; attempt < 300; attempt++) {
		if (!running.has(program.pid)) break;
		if (await accepts(port)) return;
		await sleep(100);
	}
	throw new Error(`nothing listens on 127.0.0.1:${port}; its log says:\n${readFileSync(logFile, "utf8").slice(-2000)}`);
}

/** Waits until a program has written a text to its log. */
export async function waitForOutput(text: string, program: Program, logFile: string): Promise<void> {
	for (let attempt = 0; attempt < 300 && running.has(program.pid); attempt++) {
		if (readFileSync(logFile, "utf8").includes(text)) return;
		await sleep(100);
	}
	throw new Error(`"${text}" did not appear; the log says:\n${readFileSync(logFile, "utf8").slice(-2000)}`);
}

/**
 * A loopback port that nothing listened on a moment ago. It lies below the range that Linux takes the ports of outgoing
 * connections from, so that none of the thousands that a benchmark makes can take it meanwhile.
 */
export async function freePort(): Promise<number> {
	for (let attempt = 0; attempt < 100; attempt++) {
		const port = firstPort + Math.floor(Math.random() * (firstEphemeralPort - firstPort));
		const server = net.createServer();
		const isFree = await new Promise<boolean>((resolve) => {
			server.once("error", () => resolve(false));
			server.listen(port, "127.0.0.1", () => resolve(true));
		});
		if (!isFree) continue;
		await new Promise((resolve) => server.close(resolve));
		return port;
	}
	throw new Error(`no free port between ${firstPort} and ${firstEphemeralPort}`);
}

/**
 * CPU seconds, user and system, that processes have used so far, with those of their children that have ended.
 *
 * Units: seconds; the kernel counts in hundredths.
 * Source: proc_pid_stat(5), fields 14 to 17.
 */
export function cpuSeconds(pids: readonly number[]): number {
	let ticks = 0;
	for (const pid of pids) {
		const fields = statFields(pid);
		for (let field = 14; field <= 17; field++) ticks += Number(fields[field - 3] ?? 0);
	}
	return ticks / 100;
}

/** Memory in KiB, each shared page counted in parts (PSS), of processes. */
export function memoryKibibytes(pids: readonly number[]): number {
	let sum = 0;
	for (const pid of pids) {
		const match = /^Pss:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
		sum += Number(match?.[1] ?? 0);
	}
	return sum;
}

/** A temporary directory that is removed when the benchmark ends, however it ends. */
export function temporaryDirectory(name: string, owner?: { readonly uid: number; readonly gid: number }): string {
	const directory = mkdtempSync(join(tmpdir(), `sallyport-bench-${name}-`));
	directories.add(directory);
	if (owner !== undefined) chownSync(directory, owner.uid, owner.gid);
	return directory;
}

/** Ends every program that is still running and removes every temporary directory, without waiting. */
export function clearEverything(): void {
	// Parents first: a master would start its lost workers again.
	for (const pid of running.keys()) for (const each of processTree(pid)) signal(each, "SIGKILL");
	for (const directory of directories) rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
	directories.clear();
}

/** The first line that a program prints about its version; undefined when it cannot be run. */
export function versionLine(command: string, args: readonly string[]): string | undefined {
	const done = spawnSync(command, args, { encoding: "utf8" });
	if (done.error !== undefined) return undefined;
	return `${done.stdout}${done.stderr}`.split("\n")[0]?.trim();
}

/** Runs a program to its end; throws with its output when it fails. */
export function runProgram(command: string, args: readonly string[], cwd: string): void {
	const done = spawnSync(command, args, { cwd, encoding: "utf8" });
	if (done.error !== undefined) throw done.error;
	if (done.status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${done.stderr}`);
}

export function processTree(root: number): number[] {
	const children = new Map<number, number[]>();
	for (const entry of readdirSync("/proc")) {
		const pid = Number(entry);
		if (!Number.isInteger(pid)) continue;
		const parent = Number(statFields(pid)[1] ?? 0);
		children.set(parent, [...(children.get(parent) ?? []), pid]);
	}
	const tree = [root];
	for (const pid of tree) tree.push(...(children.get(pid) ?? []));
	return tree;
}

/** The fields of /proc/PID/stat from the third on, that is after the command's name in parentheses; empty when gone. */
function statFields(pid: number): string[] {
	try {
		const text = readFileSync(`/proc/${pid}/stat`, "utf8");
		return text.slice(text.lastIndexOf(")") + 2).split(" ");
	} catch {
		return [];
	}
}

async function stopProgram(child: ChildProcess, pid: number): Promise<void> {
	if (!running.has(pid)) return;
	const ended = new Promise((resolve) => child.once("exit", resolve));
	const tree = processTree(pid);
	signal(pid, "SIGTERM");
	const clock = new AbortController();
	await Promise.race([ended, sleep(5_000, undefined, { signal: clock.signal }).catch(() => undefined)]);
	clock.abort();
	// Parents first: a master would start its lost workers again. Children that outlive their parent are ended too.
	for (const each of tree) signal(each, "SIGKILL");
	await ended;
}

function signal(pid: number, name: NodeJS.Signals): void {
	try {
		process.kill(pid, name);
	} catch {
		// It ended by itself.
	}
}

function accepts(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = net.connect(port, "127.0.0.1");
		socket.once("connect", () => resolve(true));
		socket.once("error", () => resolve(false));
		socket.once("connect", () => socket.destroy());
	});
}

const firstPort = 20_000;
const firstEphemeralPort = 32_768;
const running = new Map<number, ChildProcess>();
const directories = new Set<string>();
