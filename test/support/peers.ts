/** Real programs as peers of a test: there, or the test is skipped aloud; with CI=true their lack is a failure. */
import type { TestContext } from "node:test";
import { findCommand, packageOf } from "../../scripts/system-packages.ts";

/**
 * True when every command is there. Otherwise the test is marked as skipped with the names of the Debian packages that
 * bring them, and the caller returns: `if (!requirePeers(t, ["curl"])) return;`. With CI=true it throws instead.
 */
export function requirePeers(t: Pick<TestContext, "skip">, commands: readonly string[]): boolean {
	const missing = commands.filter((command) => findCommand(command) === undefined);
	if (missing.length === 0) return true;
	const packages = new Set(missing.map((command) => packageOf(command)?.name ?? `unknown package of ${command}`));
	const message = `missing ${missing.join(", ")} (Debian: ${[...packages].join(" ")}); npm run packages installs it`;
	if (process.env.CI === "true") throw new Error(message);
	t.skip(message);
	return false;
}

/** Whether the tests run as root. */
export const isRoot = process.getuid?.() === 0;

/** True for root. Otherwise the test is marked as skipped with what needs it: `if (!requireRoot(t, "...")) return;`. */
export function requireRoot(t: Pick<TestContext, "skip">, why: string): boolean {
	if (!isRoot) t.skip(`${why}; run the test as root`);
	return isRoot;
}

/** True when every command is there: for what a file starts before its tests, which ask `requirePeers` themselves. */
export function hasPeers(commands: readonly string[]): boolean {
	return commands.every((command) => findCommand(command) !== undefined);
}

/** The path of a command that `requirePeers` found. */
export function peerPath(command: string): string {
	const path = findCommand(command);
	if (path === undefined) throw new Error(`${command} is not there; ask requirePeers first`);
	return path;
}
