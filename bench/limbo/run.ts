/**
 * `npm run bench:limbo [-- --peers A,B --only TEXT --output DIR]`: presents the chains of x509-limbo to the gateway and its
 * peers over real TLS, and writes docs/comparison.md and bench/results/limbo.json, or both to DIR.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { findCommand } from "../../scripts/system-packages.ts";
import { describeMachine } from "../machine.ts";
import { clearEverything, temporaryDirectory } from "../processes.ts";
import { byTime, readLimbo } from "./cases.ts";
import type { PeerKind, ServedCase } from "./peer.ts";
import { haproxy } from "./peers/haproxy.ts";
import { mitmproxy } from "./peers/mitmproxy.ts";
import { plainNode } from "./peers/plain-node.ts";
import { sallyport } from "./peers/sallyport.ts";
import { squid } from "./peers/squid.ts";
import { type Outcome, probe } from "./probe.ts";
import { type LimboRun, limboJson, limboMarkdown, scoreOf } from "./report.ts";
import { serveCases } from "./servers.ts";

const kinds: readonly PeerKind[] = [
	...(["strict", "web-pki", "lenient"] as const).map(sallyport),
	squid,
	haproxy,
	mitmproxy,
	plainNode,
];

process.on("exit", clearEverything);
process.on("SIGINT", () => process.exit(130));
process.on("SIGTERM", () => process.exit(143));
process.exitCode = await main();

async function main(): Promise<number> {
	const { values } = parseArgs({
		options: { peers: { type: "string" }, only: { type: "string" }, output: { type: "string" } },
	});
	const wanted = values.peers?.split(",");
	const chosen = kinds.filter(({ name }) => wanted === undefined || wanted.some((part) => name.includes(part)));
	const { cases: all, leftOut } = readLimbo();
	const hasClock = findCommand("faketime") !== undefined;
	const cases = all.filter(({ id, time }) => id.includes(values.only ?? "") && (hasClock || time === undefined));
	const timed = all.filter(({ time }) => time !== undefined).length;
	const startedAt = Date.now();
	const machine = describeMachine();
	const directory = temporaryDirectory("limbo");
	const { served, stop } = await serveCases(cases, directory);
	const outcomes = new Map<ServedCase, Record<string, Outcome>>(served.map((each) => [each, {}]));
	const missing: Record<string, string> = {};
	for (const kind of chosen) {
		const why = kind.missing();
		if (why !== undefined) missing[kind.name] = why;
		else
			await askPeer(kind, served, (each, outcome) => Object.assign(outcomes.get(each) ?? {}, { [kind.name]: outcome }));
	}
	stop();
	const run: LimboRun = {
		date: new Date(startedAt).toISOString().slice(0, 16).replace("T", " "),
		machine,
		seconds: Math.round((Date.now() - startedAt) / 1000),
		versions: Object.fromEntries(
			chosen.filter(({ name }) => missing[name] === undefined).map((kind) => [kind.name, kind.version()]),
		),
		missing,
		leftOut: hasClock ? leftOut : { ...leftOut, "at a certain time (faketime is absent)": timed },
		cases: served.map((each) => {
			const { id, host, mustBeTrusted, isCore, time } = each;
			return { id, host, mustBeTrusted, isCore, time, outcomes: outcomes.get(each) ?? {} };
		}),
	};
	return report(run, values.output);
}

async function askPeer(
	kind: PeerKind,
	served: readonly ServedCase[],
	tell: (each: ServedCase, outcome: Outcome) => void,
): Promise<void> {
	for (const [time, cases] of byTime(served) as ReadonlyMap<string | undefined, readonly ServedCase[]>) {
		const directory = temporaryDirectory(kind.name.replaceAll(" ", "-"));
		try {
			const peer = await kind.start({ directory, cases, time });
			try {
				for (const each of cases) tell(each, await probe(each, await peer.way(each)));
			} finally {
				await peer.stop();
			}
		} catch (error) {
			process.stderr.write(
				`bench: ${kind.name}${time === undefined ? "" : ` at ${time}`}: ${(error as Error).message}\n`,
			);
		}
		rmSync(directory, { recursive: true, force: true });
	}
	process.stderr.write(`bench: ${kind.name} was asked ${served.length} times\n`);
}

/** Fails when the gateway trusts what it must not. */
function report(run: LimboRun, output: string | undefined): number {
	const root = join(import.meta.dirname, "../..");
	const page = output === undefined ? join(root, "docs/comparison.md") : join(output, "comparison.md");
	const list = join(output ?? join(root, "bench/results"), "limbo.json");
	if (output !== undefined) mkdirSync(output, { recursive: true });
	const text = limboMarkdown(run, relative(dirname(page), list));
	writeFileSync(list, limboJson(run));
	writeFileSync(page, text);
	process.stdout.write(text);
	// The lenient profile lets go of rules about form on purpose.
	const own = Object.keys(run.versions).filter((name) => /^sallyport (?:strict|web-pki)$/.test(name));
	const isWrong = own.some((name) => scoreOf(run, name).wrongAccepts.length > 0);
	if (isWrong) process.stderr.write("bench: the gateway accepted a chain that must be refused\n");
	return isWrong ? 1 : 0;
}
