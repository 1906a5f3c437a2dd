/**
 * `npm run bench:ipsec [-- --only NAME,...] [--rounds N] [--output DIR]`: tunnels of this gateway beside those of strongSwan with ESP in user
 * space (kernel-libipsec), in network namespaces of their own, in interleaved rounds. Names: gcm, sha1, sha256 (throughput and
 * CPU of one flow), handshakes, tunnels (a thousand on one instance), flood. Writes results/ipsec.md and results/ipsec.json beside this
 * file, or to DIR; with `--only` what was not measured keeps its figures.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { requireNamespaces } from "../test/support/namespaces.ts";
import { measureFlood } from "./ipsec/flood.ts";
import { measureHandshakes } from "./ipsec/handshakes.ts";
import { labPeers } from "./ipsec/lab.ts";
import { suites } from "./ipsec/plans.ts";
import { type IpsecFigures, ipsecReport } from "./ipsec/report.ts";
import { measureThroughput } from "./ipsec/throughput.ts";
import { measureTunnels } from "./ipsec/tunnels.ts";
import { describeMachine, type Machine } from "./machine.ts";
import { clearEverything } from "./processes.ts";

process.on("exit", clearEverything);

const text = { type: "string" } as const;
const { values } = parseArgs({ options: { only: text, rounds: text, output: text } });
const names = ["gcm", "sha1", "sha256", "handshakes", "tunnels", "flood"] as const;
const rounds = Number(values.rounds ?? 3);
const directory = values.output ?? join(import.meta.dirname, "results");
const only = values.only?.split(",") ?? names;
const unknown = only.find((each) => !(names as readonly string[]).includes(each));
const skip = (obstacle?: string) => void process.stderr.write(`bench: ${obstacle}\n`);
if (unknown !== undefined) {
	skip(`--only ${unknown}: unknown; known: ${names.join(", ")}`);
	process.exit(2);
}
if (!requireNamespaces({ skip }, labPeers)) process.exit(2);

const measured: IpsecFigures = {};
const machine = describeMachine();
for (const name of names) {
	if (!only.includes(name)) continue;
	const ends: (() => void | Promise<void>)[] = [];
	try {
		await measure(name, { after: (end) => void ends.unshift(end) });
	} finally {
		for (const end of ends) await end();
	}
}
write();

async function measure(name: (typeof names)[number], owner: Parameters<typeof measureFlood>[0]): Promise<void> {
	switch (name) {
		case "handshakes":
			measured.handshakes = await measureHandshakes(owner, Math.min(3, rounds));
			return;
		case "tunnels":
			measured.tunnels = await measureTunnels(owner);
			return;
		case "flood":
			measured.flood = await measureFlood(owner);
			return;
		default:
			measured.throughput = { ...measured.throughput, [name]: await measureThroughput(owner, suites[name], rounds) };
	}
}

function write(): void {
	mkdirSync(directory, { recursive: true });
	const file = join(directory, "ipsec.json");
	const before = existsSync(file)
		? (JSON.parse(readFileSync(file, "utf8")) as { figures: IpsecFigures; machine: Machine })
		: undefined;
	const figures: IpsecFigures = {
		...before?.figures,
		...measured,
		throughput: { ...before?.figures.throughput, ...measured.throughput },
	};
	const date = new Date().toISOString().slice(0, 16).replace("T", " ");
	const report = ipsecReport(figures, { date, rounds, machine });
	writeFileSync(file, `${JSON.stringify({ date, rounds, machine, figures }, undefined, "\t")}\n`);
	writeFileSync(join(directory, "ipsec.md"), report);
	process.stdout.write(report);
}
