/**
 * A Linux of its own for a test (User Mode Linux): its kernel protects packets (XFRM, ESP, VTI), whatever that of the host can
 * do. It needs no privilege, boots in a few seconds, sees the host's files without changing them, and ends with its owner.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { arch, tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { projectRoot } from "../../scripts/source-files.ts";
import type { Owner } from "./gateway.ts";
import { peerPath, requirePeers } from "./peers.ts";

export interface UmlOptions {
	/** It is stopped after so long. */
	readonly seconds: number;
	readonly megabytes?: number;
}

/** What came of a run. */
export interface UmlRun {
	/** Undefined when it did not come to its end. */
	readonly status: number | undefined;
	readonly output: string;
}

/** True when it can be started here; otherwise the test is skipped with the reason, or fails with CI=true where there is a package. */
export function requireUml(t: Pick<TestContext, "skip">, peers: readonly string[] = []): boolean {
	if (arch() === "x64") return requirePeers(t, ["linux.uml", "modprobe", "ip", ...peers]);
	t.skip(`User Mode Linux is for x64; this is ${arch()}`);
	return false;
}

/** What a program printed as lines of JSON: `{ step, result }`. */
export function readSteps(output: string): ReadonlyMap<string, unknown> {
	const lines = output.split("\n").filter((line) => line.startsWith("{"));
	return new Map(
		lines.map((line) => {
			const { step, result } = JSON.parse(line) as { readonly step: string; readonly result: unknown };
			return [step, result];
		}),
	);
}

/** Runs a script of the shell as root in it, in this project's folder. */
export async function runInUml(owner: Owner, script: string, options: UmlOptions): Promise<UmlRun> {
	const box = mkdtempSync(join(tmpdir(), "uml-"));
	writeFileSync(join(box, "run"), `cd ${projectRoot}\n${script}\n`);
	const child = boot(box, options);
	const read = (name: string) => (existsSync(join(box, name)) ? readFileSync(join(box, name), "utf8") : "");
	const run = async (): Promise<UmlRun> => {
		const timer = setTimeout(() => end(child), options.seconds * 1_000);
		await new Promise((resolve) => child.once("close", resolve));
		clearTimeout(timer);
		const status = read("status");
		return { status: status === "" ? undefined : Number(status), output: read("output") };
	};
	const ended = run();
	owner.after(async () => {
		end(child);
		await ended;
		rmSync(box, { recursive: true, force: true });
	});
	return await ended;
}

function boot(box: string, { megabytes = 512 }: UmlOptions): ChildProcess {
	const words = [
		`mem=${megabytes}M`,
		"rootfstype=hostfs",
		"rootflags=/",
		"ro",
		"quiet",
		"loglevel=0",
		"random.trust_cpu=on",
		"con=null",
		"ssl=null",
		`init=${join(import.meta.dirname, "uml-init.sh")}`,
		`box=${box}`,
	];
	// Its memory is a file that must be executable, and is faster where it is no file.
	const memory = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
	const env = { ...process.env, TMPDIR: memory };
	return spawn(peerPath("linux.uml"), words, { stdio: "ignore", detached: true, env });
}

/** All of its processes. */
function end(child: ChildProcess): void {
	if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
	try {
		process.kill(-child.pid, "SIGKILL");
	} catch {
		// It has ended by itself.
	}
}
