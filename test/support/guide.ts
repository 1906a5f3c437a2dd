/** Replays the examples of a page of `docs/guide/` against a running gateway. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultConfiguration } from "#daemon/default-configuration.ts";
import { projectRoot, readText } from "../../scripts/source-files.ts";
import { type Gateway, type Inside, type Owner, startGateway } from "./gateway.ts";
import { agrees, type GuideBlock, guideBlocks } from "./guide-page.ts";
import { GuideTerminal } from "./guide-terminal.ts";

/** A gateway as a first start makes it, but for its port and the name of its host: gw. */
export async function startGuideGateway(owner: Owner): Promise<Gateway> {
	return await startGateway(owner, {
		configuration: ({ ipv4 }) =>
			`${defaultConfiguration(false).replace("127.0.0.1:8080", `127.0.0.1:${ipv4}`)}system { host-name gw; }\n`,
	});
}

/** Where the commands of a block run, by the word behind `shell`: changes the words of a command. */
export type Elsewhere = Readonly<Record<string, Inside>>;
/** What a page speaks of that the test made: texts of the page by what they are here, and files that its reader has. */
export interface GuideSurroundings {
	readonly replaced?: Readonly<Record<string, string>>;
	/** In the state directory and where commands are typed. */
	readonly files?: Readonly<Record<string, string>>;
}

/** Replays a page, `docs/guide/cli.md`, or its text. Rejects with the first example that is not so, page and screen side by side. */
export async function replayGuide(
	owner: Owner,
	gateway: Gateway,
	page: string,
	elsewhere: Elsewhere = {},
	{ replaced = {}, files = {} }: GuideSurroundings = {},
): Promise<number> {
	const text = page.endsWith(".md") ? readText(projectRoot, page) : page;
	// What differs from one gateway to the next as the reader sees it.
	const here = { "127.0.0.1:8080": `127.0.0.1:${gateway.ports.ipv4}`, ...replaced };
	const blocks = guideBlocks(Object.entries(here).reduce((said, [there, is]) => said.replaceAll(there, is), text));
	const terminals = new Map<string, GuideTerminal>();
	const shell = makeShell(owner, gateway, elsewhere, files);
	let count = 0;
	for (const block of blocks) {
		if (block.kind === "shell") await shell(block);
		else {
			const open = terminals.get(block.user);
			const terminal = open === undefined || open.isOver ? new GuideTerminal(owner, gateway.state, block.user) : open;
			terminals.set(block.user, terminal);
			for (const step of block.steps) await terminal.replay(step, block.varies);
		}
		count += block.steps.length;
	}
	return count;
}

/** Commands run in a directory of their own, where `sallyport` is this one and knows the gateway. */
function makeShell(
	owner: Owner,
	gateway: Gateway,
	elsewhere: Elsewhere,
	files: Readonly<Record<string, string>>,
): (block: GuideBlock) => Promise<void> {
	const directory = mkdtempSync(join(tmpdir(), "guide-"));
	owner.after(() => rmSync(directory, { recursive: true, force: true }));
	for (const [name, content] of Object.entries(files))
		for (const folder of [directory, gateway.state]) writeFileSync(join(folder, name), content);
	const programs = join(directory, "bin");
	mkdirSync(programs);
	const words = [process.execPath, "--disable-warning=ExperimentalWarning", join(projectRoot, "src/daemon/cli.ts")];
	writeFileSync(join(programs, "sallyport"), `#!/bin/sh\nexec ${words.map((word) => `'${word}'`).join(" ")} "$@"\n`);
	chmodSync(join(programs, "sallyport"), 0o755);
	const env = { ...process.env, PATH: `${programs}:${process.env.PATH}`, SALLYPORT_STATE: gateway.state };
	const run = async ([program, ...words]: readonly [string, ...string[]]): Promise<string> => {
		// Not in turn with this process: servers of the test may be what the command speaks to.
		const child = spawn(program, words, {
			cwd: directory,
			env,
			stdio: ["ignore", "pipe", "inherit"],
		});
		let printed = "";
		child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
		await once(child, "close");
		return printed;
	};
	return async ({ steps, varies, user }) => {
		const inside = elsewhere[user] ?? ((words) => words);
		for (const { input, shows, line } of steps) {
			// A record comes a moment after its connection has ended: who reads it looks again.
			const patience = /^sallyport (sessions|explain) /.test(input) ? 20 : 1;
			let printed = "";
			for (let attempt = 0; attempt < patience; attempt++) {
				printed = await run(inside(["/bin/sh", "-c", `exec 2>&1; ${input}`]));
				if (agrees(shows, printed.split("\n").slice(0, -1), varies)) break;
				if (attempt === patience - 1)
					throw new Error(
						`line ${line}: $ ${input}\n--- the page says\n${shows.join("\n")}\n--- it prints\n${printed}`,
					);
			}
		}
	};
}
