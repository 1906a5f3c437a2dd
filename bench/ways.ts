/**
 * `npm run bench:ways [-- --rounds N] [--only TITLE] [--output DIR]`: listeners with a server of their own. Pass-through beside HAProxy in
 * TCP mode, 1,000 certificates beside one, 10,000 policies beside ten, two workers beside one; in interleaved rounds. Writes
 * results/ways.md and results/ways.json beside this file, or to DIR.
 */
import { createPrivateKey } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { KeyStore } from "#pki/key-store-shell.ts";
import { pemCertificates } from "#pki/pem.ts";
import { type Identity, TestCa } from "../test/support/origins.ts";
import { loadDownload } from "./load/download.ts";
import { shortConnections } from "./load/short-connections.ts";
import { describeMachine } from "./machine.ts";
import { largeOctets, startOrigin } from "./origin.ts";
import {
	clearEverything,
	cpuSeconds,
	freePort,
	type Program,
	startProgram,
	temporaryDirectory,
	versionLine,
	waitForOutput,
	waitForPort,
} from "./processes.ts";
import { type Spread, spread } from "./statistics.ts";

interface Subject {
	readonly name: string;
	readonly program: Program;
	readonly port: number;
	readonly workers: number;
	/** Server names that its clients ask for, in turn. */
	readonly hosts: readonly string[];
}

interface Comparison {
	readonly title: string;
	readonly unit: string;
	/** The first is judged beside the second. */
	readonly pair: readonly [Subject, Subject];
	readonly bar: { readonly says: string; readonly holds: (ratio: number) => boolean };
	readonly measure: (subject: Subject) => Promise<number>;
}

const { values } = parseArgs({
	options: { rounds: { type: "string" }, only: { type: "string" }, output: { type: "string" } },
});
const rounds = Number(values.rounds ?? 5);
const directory = values.output ?? join(import.meta.dirname, "results");
const root = join(import.meta.dirname, "..");
const connections = 1_000;
const downloads = 2;
/** At a time, for each worker. */
const lanes = 16;
/** Connections that each worker serves before it is measured: a just-in-time compiler needs some thousands. */
const warmUp = 5_000;

process.on("exit", clearEverything);
for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => process.exit(130));

const ca = new TestCa("Bench");
const machine = describeMachine();
const origin = await startOrigin();
const clear = createServer((_, response) => response.end("s".repeat(1_024)));
const clearPort = await freePort();
await new Promise<void>((resolve) => clear.listen(clearPort, "127.0.0.1", 4_096, resolve));
const manyHosts = Array.from({ length: 1_000 }, (_, index) => `host-${index}.bench.example`);
const identities = manyHosts.map((host) => ca.identity([host]));
/** One certificate for all of the names, so that clients ask for as many in either case. */
const wildcard = ca.identity(["*.bench.example"]);

const passing = await startGateway("pass-through", 1, (port) => ({
	gateway: `pass-through bench { listen 127.0.0.1:${port}; server 127.0.0.1:${origin.ports["not-resuming"]}; }`,
}));
const haproxy = await startHaproxy();
const one = await startOffload("one certificate", 1, 1, 10);
const many = await startOffload("1,000 certificates", 1, 1_000, 10);
const policies = await startOffload("10,000 policies", 1, 1, 10_000);
const workers = await startOffload("two workers", 2, 1, 10);

const atMost = (factor: number) => ({ says: `<= ${factor} x`, holds: (ratio: number) => ratio <= factor });
const perConnection = async (subject: Subject) =>
	(await cpuOf(subject, () => connect(subject, connections))) * (1_000 / connections);
const allComparisons: readonly Comparison[] = [
	{
		title: "pass-through, a download",
		unit: "CPU s per GiB",
		pair: [passing, haproxy],
		bar: atMost(1.3),
		measure: async (subject) => {
			const target = {
				kind: "direct" as const,
				host: "127.0.0.1",
				port: subject.port,
				originPort: origin.ports["not-resuming"],
				caFile: origin.caFile,
			};
			const used = await cpuOf(subject, () => loadDownload(target, downloads));
			return used / ((downloads * largeOctets) / 2 ** 30);
		},
	},
	{
		title: "offload, new connections by name",
		unit: "CPU s per 1,000",
		pair: [many, one],
		bar: atMost(1.05),
		measure: perConnection,
	},
	{
		title: "offload, new connections under policies",
		unit: "CPU s per 1,000",
		pair: [policies, one],
		bar: atMost(1.1),
		measure: perConnection,
	},
	{
		title: "offload, new connections with two workers",
		unit: "connections per CPU s of the busiest process",
		pair: [workers, one],
		bar: { says: ">= 1.8 x", holds: (ratio) => ratio >= 1.8 },
		measure: async (subject) => {
			const count = connections * subject.workers;
			return count / (await busiestCpuOf(subject, () => connect(subject, count)));
		},
	},
];

const comparisons = allComparisons.filter(({ title }) => title.includes(values.only ?? ""));
const measuredSubjects = new Set(comparisons.flatMap(({ pair }) => pair));
for (const subject of [one, many, policies, workers])
	if (measuredSubjects.has(subject)) await connect(subject, warmUp * subject.workers);
const measured = new Map<string, number[]>();
for (let round = 1; round <= rounds; round++) {
	for (const { title, pair, measure } of comparisons) {
		// The order changes, so that what the first leaves behind meets each in turn.
		for (const subject of round % 2 === 0 ? pair : pair.toReversed()) {
			const value = await measure(subject);
			const key = `${title} ${subject.name}`;
			measured.set(key, [...(measured.get(key) ?? []), value]);
			process.stderr.write(`bench: round ${round}, ${title}, ${subject.name}: ${value.toFixed(3)}\n`);
		}
	}
}
const results = comparisons.map(({ title, unit, pair, bar }) => {
	const [judged, beside] = pair.map(({ name }) => ({ name, ...spread(measured.get(`${title} ${name}`) ?? []) })) as [
		Spread & { name: string },
		Spread & { name: string },
	];
	const ratio = judged.median / beside.median;
	return { title, unit, judged, beside, bar: bar.says, ratio, verdict: bar.holds(ratio) ? "met" : "missed" };
});
mkdirSync(directory, { recursive: true });
const date = new Date().toISOString().slice(0, 16).replace("T", " ");
writeFileSync(
	join(directory, "ways.json"),
	`${JSON.stringify({ date, rounds, connections, downloads, machine, results }, undefined, "\t")}\n`,
);
writeFileSync(join(directory, "ways.md"), markdown());
process.stdout.write(markdown());
for (const { program } of [passing, haproxy, one, many, policies, workers]) await program.stop();
process.exit(0);

/** An offloading gateway; its policies but the last name addresses that nobody connects to. */
function startOffload(name: string, count: number, certificates: number, policyCount: number): Promise<Subject> {
	const ids = identities.slice(0, certificates).map((_, index) => `host-${index}`);
	const numbers = Array.from({ length: policyCount - 1 }, (_, index) => index);
	const address = (index: number) => `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}/32`;
	return startGateway(name, count, (port) => ({
		gateway: `offload bench { listen 127.0.0.1:${port}; server 127.0.0.1:${clearPort}; termination-profile bench; }`,
		ssl: `termination { profile bench { server-certificate [ ${ids.join(" ")} ]; } }`,
		book: numbers.map((index) => `address a${index} ${address(index)};`).join("\n"),
		policies: numbers
			.map(
				(index) =>
					`policy p${index} { match { source-address any; destination-address a${index}; application any; } then { deny; } }`,
			)
			.join("\n"),
		certificates: certificates === 1 ? [wildcard] : identities.slice(0, certificates),
	}));
}

async function startGateway(
	name: string,
	count: number,
	parts: (port: number) => {
		readonly gateway: string;
		readonly ssl?: string;
		readonly book?: string;
		readonly policies?: string;
		readonly certificates?: readonly Identity[];
	},
): Promise<Subject> {
	const port = await freePort();
	const state = temporaryDirectory("ways");
	const { gateway, ssl = "", book = "", policies: denying = "", certificates = [] } = parts(port);
	storeCertificates(state, certificates);
	writeFileSync(
		join(state, "sallyport.conf"),
		`
services { gateway { ${gateway} workers ${count}; timeouts { idle 3600; } } ssl { ${ssl} } }
security {
	${book === "" ? "" : `address-book global { ${book} }`}
	policies { global {
		${denying}
		policy all { match { source-address any; destination-address any; application any; } then { permit; } }
	} }
}
`,
		{ mode: 0o600 },
	);
	const logFile = join(state, "output.log");
	const args = [join(root, "bin/sallyport.mjs"), "start", "--state", state];
	const program = startProgram(process.execPath, args, { logFile, cwd: root });
	// 10,000 policies take a while to load where others use the machine too.
	const isRunning = () => waitForOutput(" is running", program, logFile);
	await isRunning().catch(isRunning).catch(isRunning);
	return { name, program, port, workers: count, hosts: manyHosts };
}

function storeCertificates(state: string, certificates: readonly Identity[]): void {
	const keys = join(state, "keys");
	mkdirSync(keys, { recursive: true });
	const store = new KeyStore(keys, { isPersistent: true, passphraseFile: undefined }, Date.now());
	const put = certificates.map(({ cert, key }, index) => ({
		id: `host-${index}`,
		created: Date.now(),
		isExportable: false,
		certificates: pemCertificates(cert),
		key: createPrivateKey(key),
	}));
	store.change({ put });
}

async function startHaproxy(): Promise<Subject> {
	const port = await freePort();
	const folder = temporaryDirectory("haproxy");
	const file = join(folder, "haproxy.cfg");
	writeFileSync(
		file,
		`
global
	maxconn 4000
	nbthread 1
defaults
	mode tcp
	timeout connect 10s
	timeout client 1h
	timeout server 1h
listen bench
	bind 127.0.0.1:${port}
	server origin 127.0.0.1:${origin.ports["not-resuming"]}
`,
	);
	const logFile = join(folder, "haproxy.log");
	const program = startProgram("haproxy", ["-db", "-f", file], { logFile, cwd: folder });
	await waitForPort(port, program, logFile);
	return { name: "haproxy", program, port, workers: 1, hosts: [] };
}

/** Of all its processes, until a second after the work has ended. */
async function cpuOf({ program }: Subject, work: () => Promise<unknown>): Promise<number> {
	const before = cpuSeconds(program.pids());
	await work();
	await sleep(1_000);
	return cpuSeconds(program.pids()) - before;
}

/** Of the process that used most: on cores enough for all, it is the one that bounds what the gateway can do. */
async function busiestCpuOf({ program }: Subject, work: () => Promise<unknown>): Promise<number> {
	const before = new Map(program.pids().map((pid) => [pid, cpuSeconds([pid])]));
	await work();
	await sleep(1_000);
	return Math.max(...program.pids().map((pid) => cpuSeconds([pid]) - (before.get(pid) ?? 0)));
}

function connect({ port, hosts, workers: count }: Subject, total: number): Promise<void> {
	const trusted = ca.root.pem;
	return shortConnections({ host: "127.0.0.1", port, names: hosts, trusted, count: total, lanes: lanes * count });
}

function markdown(): string {
	const number = ({ median, least, most }: Spread) => `${median.toFixed(2)} (${least.toFixed(2)}..${most.toFixed(2)})`;
	const rows = results.map(
		({ title, unit, judged, beside, bar, ratio, verdict }) =>
			`| ${title} (${unit}) | ${judged.name}: ${number(judged)} | ${beside.name}: ${number(beside)} | ${bar} | ${ratio.toFixed(2)} | ${verdict === "met" ? verdict : `**${verdict}**`} |`,
	);
	return `# Listeners with a server of their own

${date}, ${rounds} interleaved rounds; median (least..most). ${machine.cpu}, ${machine.cores} cores, ${machine.distribution}; load average before
the run ${machine.loadAverage}. Node ${machine.node}; ${versionLine("haproxy", ["-v"])?.replace(/ - .*$/, "")}.

| figure | measured | beside | bar | ratio | verdict |
|---|---|---|---|---|---|
${rows.join("\n")}

CPU is user and system time of all processes of the proxy. A download is ${downloads * (largeOctets / 2 ** 20)} MiB of TLS that the proxy does not open. A new
connection is a full TLS 1.3 handshake with X25519 and ECDSA P-256, one request of HTTP/1.1 and 1 KiB of answer, ${connections} a round and worker, ${lanes} at a
time and worker, which ask for 1,000 names in turn, after ${warmUp} for each worker to warm up; the one certificate is a wildcard. Policies
before the last name addresses that nobody connects to. What two workers can do is told by the process that used most: the generator runs
on the same cores, so that a rate would say nothing.
`;
}
