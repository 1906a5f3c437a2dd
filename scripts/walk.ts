/**
 * `npm run walk`: the servers and files that the pages of `docs/guide/` speak of, to type their examples along. Needs no network.
 * Ctrl-C ends the servers and removes the files. Exit status 1 when they cannot be made.
 */
import { once } from "node:events";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { startWalk, walkPorts } from "../test/support/walk.ts";
import { projectRoot } from "./source-files.ts";

async function main(): Promise<number> {
	const { values } = parseArgs({ options: { state: { type: "string" } } });
	const state = resolve(values.state ?? process.env.SALLYPORT_STATE ?? join(projectRoot, "var"));
	if (!existsSync(join(state, "sallyport.conf")))
		return refuse(`${state} is no state directory of a gateway; run npm start in another terminal first`);
	const ends: (() => void | Promise<void>)[] = [];
	try {
		const { files } = await startWalk({ after: (end) => void ends.unshift(end) }, walkPorts);
		for (const [name, content] of Object.entries(files)) {
			const path = join(state, name);
			// The key of somebody's own shop would be gone.
			writeFileSync(path, content, { mode: 0o600, flag: "wx" });
			ends.unshift(() => rmSync(path, { force: true }));
		}
		say(whatThereIs(state, Object.keys(files)));
		await Promise.race(["SIGINT", "SIGTERM", "SIGHUP"].map((signal) => once(process, signal)));
		return 0;
	} catch (error) {
		return refuse(why(error as NodeJS.ErrnoException & { readonly port?: number }));
	} finally {
		for (const end of ends) await end();
	}
}

function whatThereIs(state: string, names: readonly string[]): string {
	return `The servers and files of docs/guide are there.

  shop.test:${walkPorts.https}    over TLS, with a certificate of lab-root.pem
  127.0.0.1:${walkPorts.clear}    the same in clear
  127.0.0.1:${walkPorts.datagrams}    datagrams in clear
  ${names.join(", ")} in ${state}

For the shell in which you type the examples:

  cd ${state}
  export SALLYPORT_STATE=$PWD
  alias sallyport=${join(projectRoot, "bin/sallyport.mjs")}

Ctrl-C ends the servers and removes the files.`;
}

function why({ code, port, path, message }: NodeJS.ErrnoException & { readonly port?: number }): string {
	if (code === "EADDRINUSE") return `port ${port} of 127.0.0.1 is taken; end what listens there (another walk?)`;
	if (code === "EEXIST") return `${path} is there already; move it away, or remove it if an earlier walk left it`;
	return message;
}

function refuse(reason: string): number {
	process.stderr.write(`walk: ${reason}\n`);
	return 1;
}

function say(text: string): void {
	process.stdout.write(`${text}\n`);
}

process.exitCode = await main();
