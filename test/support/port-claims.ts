/**
 * Ports that processes of tests have taken: files of tests run side by side, and a port that one has found free may be bound
 * only seconds later. A claim is a file with the number of its process, which is gone with it.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** False when another process has the port, or had it a moment ago. */
export function claimPort(port: number): boolean {
	mkdirSync(folder, { recursive: true, mode: 0o700 });
	const file = join(folder, String(port));
	try {
		writeFileSync(file, String(process.pid), { flag: "wx" });
	} catch {
		// Who takes away the claim of a process that is dead takes another port: two may have seen that it is.
		if (!existsSync(`/proc/${holderOf(file)}`)) rmSync(file, { force: true });
		return false;
	}
	if (claimed.size === 0) process.once("exit", giveBack);
	claimed.add(file);
	return true;
}

function holderOf(file: string): string {
	try {
		return readFileSync(file, "utf8") || "self";
	} catch {
		return "self";
	}
}

function giveBack(): void {
	for (const file of claimed) rmSync(file, { force: true });
	try {
		rmdirSync(folder);
	} catch {
		// Others still have claims in it.
	}
}

const folder = join(tmpdir(), `sallyport-test-ports-${process.getuid?.() ?? 0}`);
const claimed = new Set<string>();
