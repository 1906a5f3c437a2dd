/**
 * `npm run bench:crowd [-- --idle N] [--slow N] [--seconds N] [--output DIR]`: a crowd at a reverse listener. 10,000 clients that say
 * nothing after the handshake and 500 whose ClientHello comes octet by octet; what a session weighs, how long others wait meanwhile, and
 * whether the silent ones keep their connection until their time is over. Writes results/crowd.md beside this file, or to DIR.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";
import { parseArgs } from "node:util";
import { ask, slowClients } from "../test/support/crowd.ts";
import { eventually, freePort, residentOctets, startGateway } from "../test/support/gateway.ts";
import { TestCa } from "../test/support/origins.ts";
import { describeMachine } from "./machine.ts";
import { clearEverything, temporaryDirectory } from "./processes.ts";

const text = { type: "string" } as const;
const { values } = parseArgs({ options: { idle: text, slow: text, seconds: text, output: text } });
const idleCount = Number(values.idle ?? 10_000);
const slowCount = Number(values.slow ?? 500);
/** The idle time of a session: longer than it takes to open all of them, and to measure. */
const idleSeconds = Number(values.seconds ?? 180);
const askCount = 200;
const host = "shop.test";

const ends: (() => unknown)[] = [];
const owner = { after: (end: () => unknown) => void ends.unshift(end) };
const machine = describeMachine();
const ca = new TestCa("Crowd");
const identity = ca.identity([host]);

/** It answers whatever comes; Node's own HTTP would close the silent connections. */
const origin = tls.createServer({ key: identity.key, cert: identity.cert }, (socket) => {
	socket.on("error", () => undefined);
	socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"));
});
origin.listen(0, "127.0.0.1", 4_096);
await once(origin, "listening");
const { port: originPort } = origin.address() as { port: number };

const port = await freePort();
const gateway = await startGateway(owner as never, {
	certificates: { shop: identity },
	trust: ca.root.pem,
	hosts: [host],
	security: "pki { ca-profile test { ca-identity test; } }",
	profiles: "profile servers { server-certificate shop; trusted-ca test; actions { log { all; } } }",
	gateway: `workers 2; maximum-sessions-per-client 100000; timeouts { idle ${idleSeconds}; client-hello 15; }
		reverse shop { listen 127.0.0.1:${port}; server ${host}:${originPort}; profile servers; }`,
});
const target = { port, ca: ca.root.pem, host };
process.on("exit", clearEverything);
const caFile = join(temporaryDirectory("crowd"), "ca.pem");
writeFileSync(caFile, ca.root.pem);

await timesOf(50);
const before = { ...footprint(), times: await timesOf(askCount) };
say(`alone: ${describe(before.times)}; ${mebibytes(before.memory)} MiB, ${before.files} files`);

const lived: number[] = [];
const crowd = fork(join(import.meta.dirname, "load/idle-crowd.ts"), [String(port), host, String(idleCount), caFile]);
owner.after(() => crowd.kill());
const began = performance.now();
let open = 0;
crowd.on("message", (message: { open?: number; livedMs?: number }) => {
	if (message.open !== undefined) open = message.open;
	if (message.livedMs !== undefined) lived.push(message.livedMs);
});
while (open === 0 && crowd.exitCode === null) await sleep(100);
const openSeconds = (performance.now() - began) / 1_000;
const held = footprint();
say(
	`${open} idle after ${openSeconds.toFixed(0)} s: ${mebibytes(held.memory)} MiB, ${held.files} files; ${lived.length} closed`,
);

const slow = slowClients(port, slowCount, 20);
await sleep(1_000);
const amid = await timesOf(askCount);
say(`amid ${open} idle and ${slowCount} slow: ${describe(amid)}`);
await slow.over;
const slowEnded = await eventually(() => {
	const found = gateway.records().filter(({ faultCode }) => faultCode === "CLIENT_HELLO_TIMEOUT").length;
	return found === slowCount && found;
}, "the records of the slow").catch(() => 0);

// The first of them are at the end of their time.
await eventually(
	() => lived.length > 0 || performance.now() - began > (idleSeconds + 60) * 1_000,
	"the first end",
).catch(() => 0);
while (lived.length === 0 && performance.now() - began < (idleSeconds + openSeconds + 10) * 1_000) await sleep(500);
/** Closed before their time. */
const lost = lived.filter((one) => one < idleSeconds * 1_000).length;
const shortest = lived.length === 0 ? Number.NaN : lived.reduce((low, one) => Math.min(low, one)) / 1_000;
crowd.send("end");
const after = await eventually(() => {
	const found = footprint();
	return found.files <= before.files + 20 && found;
}, "the end of the crowd").catch(() => footprint());
say(`the shortest of the idle lived ${shortest.toFixed(1)} s of ${idleSeconds}; behind the crowd ${after.files} files`);

const deaths = gateway.events("WORKER_DIED").length;
const each = (held.memory - before.memory) / open / 1_024;
const rows: readonly (readonly [string, string])[] = [
	["idle clients, each with TLS on both sides", `${open} of ${idleCount}`],
	["opened within", `${openSeconds.toFixed(0)} s`],
	[
		"memory of the two workers: before, with the crowd",
		`${mebibytes(before.memory)} MiB, ${mebibytes(held.memory)} MiB`,
	],
	["memory of an idle session", `${each.toFixed(0)} KiB`],
	["open files of the workers: before, with the crowd, behind it", `${before.files}, ${held.files}, ${after.files}`],
	["a new client alone: median, 99 %", describe(before.times)],
	[`a new client amid the crowd and ${slowCount} slow ones`, describe(amid)],
	["idle clients that were closed before their time", String(lost)],
	["the shortest time that an idle one was held", `${shortest.toFixed(1)} s of ${idleSeconds} s`],
	["slow clients ended by the time for a ClientHello (15 s), with a record", `${slowEnded} of ${slowCount}`],
	["workers that died", String(deaths)],
];
const { cpu, cores, node, kernel, loadAverage } = machine;
const page = `# A crowd of clients

\`npm run bench:crowd\`: clients that say nothing after the handshake, and clients whose ClientHello never ends, at a reverse listener with
two workers. Clients, gateway and server share the machine: ${cores} cores (${cpu}), ${kernel}, Node ${node}, load average ${loadAverage} before.

| what | measured |
|---|---|
${rows.map(([what, measured]) => `| ${what} | ${measured} |`).join("\n")}
`;
const directory = values.output ?? join(import.meta.dirname, "results");
mkdirSync(directory, { recursive: true });
writeFileSync(join(directory, "crowd.md"), page);
say(`\n${page}`);
for (const end of ends) await end();
const isGood = open === idleCount && lost === 0 && deaths === 0 && slowEnded === slowCount && shortest >= idleSeconds;
process.exit(isGood ? 0 : 1);

/** How long new clients wait for their answer, one after the other, in milliseconds. */
async function timesOf(count: number): Promise<readonly number[]> {
	const times: number[] = [];
	for (let index = 0; index < count; index++) {
		const since = performance.now();
		await ask(target, "/");
		times.push(performance.now() - since);
	}
	return times.sort((a, b) => a - b);
}

function describe(times: readonly number[]): string {
	const at = (share: number) => (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(0);
	return `${at(0.5)} ms, ${at(0.99)} ms`;
}

/** Of all workers. */
function footprint(): { readonly memory: number; readonly files: number } {
	const workers = gateway.workers();
	const filesOf = (worker: number) => readdirSync(`/proc/${worker}/fd`).length;
	return {
		memory: workers.reduce((sum, worker) => sum + residentOctets(worker), 0),
		files: workers.reduce((sum, worker) => sum + filesOf(worker), 0),
	};
}

function mebibytes(octets: number): string {
	return (octets / 2 ** 20).toFixed(0);
}

function say(line: string): void {
	process.stdout.write(`${line}\n`);
}
