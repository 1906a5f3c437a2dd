/** Replays the examples of a page of `docs/guide/` against a running gateway. */
import { spawnSync } from "node:child_process";
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

/** Replays a page, `docs/guide/cli.md`, or its text. Rejects with the first example that is not so, page and screen side by side. */
export async function replayGuide(
	owner: Owner,
	gateway: Gateway,
	page: string,
	elsewhere: Elsewhere = {},
): Promise<number> {
	const text = page.endsWith(".md") ? readText(projectRoot, page) : page;
	// What differs from one gateway to the next as the reader sees it.
	const blocks = guideBlocks(text.replaceAll("127.0.0.1:8080", `127.0.0.1:${gateway.ports.ipv4}`));
	const terminals = new Map<string, GuideTerminal>();
	const shell = makeShell(owner, gateway, elsewhere);
	let count = 0;
	for (const block of blocks) {
		if (block.kind === "shell") shell(block);
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
function makeShell(owner: Owner, gateway: Gateway, elsewhere: Elsewhere): (block: GuideBlock) => void {
	const directory = mkdtempSync(join(tmpdir(), "guide-"));
	owner.after(() => rmSync(directory, { recursive: true, force: true }));
	const programs = join(directory, "bin");
	mkdirSync(programs);
	const words = [process.execPath, "--disable-warning=ExperimentalWarning", join(projectRoot, "src/daemon/cli.ts")];
	writeFileSync(join(programs, "sallyport"), `#!/bin/sh\nexec ${words.map((word) => `'${word}'`).join(" ")} "$@"\n`);
	chmodSync(join(programs, "sallyport"), 0o755);
	const env = { ...process.env, PATH: `${programs}:${process.env.PATH}`, SALLYPORT_STATE: gateway.state };
	return ({ steps, varies, user }) => {
		const inside = elsewhere[user] ?? ((words) => words);
		for (const { input, shows, line } of steps) {
			const [program, ...words] = inside(["/bin/sh", "-c", `exec 2>&1; ${input}`]);
			const { stdout } = spawnSync(program, words, { cwd: directory, env, encoding: "utf8" });
			const printed = stdout.split("\n").slice(0, -1);
			if (!agrees(shows, printed, varies))
				throw new Error(`line ${line}: $ ${input}\n--- the page says\n${shows.join("\n")}\n--- it prints\n${stdout}`);
		}
	};
}
