/** Runs a piece of a program in a network namespace of its own: for shells that change what belongs to the whole host. */
import { spawnSync } from "node:child_process";
import type { TestContext } from "node:test";
import { projectRoot } from "../../scripts/source-files.ts";
import { peerPath, requirePeers } from "./peers.ts";

/**
 * What the program printed; undefined when there are no namespaces here, and then the test is skipped. It is a module that
 * may import `#...`; `ip` is a function that runs ip(8) and answers what it printed. Throws what it said when it failed.
 */
export function runAlone(t: TestContext, program: string): string | undefined {
	if (!requirePeers(t, ["unshare", "ip"])) return undefined;
	// Somebody who is not root is root in a namespace of users of its own.
	const namespaces = process.getuid?.() === 0 ? "-n" : "-rn";
	const words = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", prelude + program];
	const done = spawnSync(peerPath("unshare"), [namespaces, process.execPath, ...words, peerPath("ip")], {
		encoding: "utf8",
		cwd: projectRoot,
		timeout: 30_000,
	});
	if (done.status !== 0 || done.stderr !== "")
		throw new Error(`the program ended with ${done.status}: ${done.stderr}${done.stdout}`);
	return done.stdout;
}

const prelude = `
	import { execFileSync } from "node:child_process";
	const ip = (words) => execFileSync(process.argv[1], words.split(" "), { encoding: "utf8" });
	const until = async (what, holds) => {
		for (let waited = 0; ; waited += 20) {
			const found = await holds();
			if (found) return found;
			if (waited > 15_000) throw new Error("waited in vain for " + what);
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
	};
	ip("link set lo up");
`;
