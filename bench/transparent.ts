/**
 * `npm run bench:transparent [-- --rounds N] [--output DIR]`: what a decrypted connection costs the gateway as a router (TPROXY)
 * beside one that a client asks its proxy for, in the same network of three namespaces, in interleaved rounds. Writes
 * results/transparent.md and results/transparent.json beside this file, or to DIR.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Owner } from "../test/support/gateway.ts";
import { labAddresses, labPeers, makeLab, openName } from "../test/support/lab.ts";
import { requireNamespaces } from "../test/support/namespaces.ts";
import type { ShortConnections } from "./load/short-connections.ts";
import { describeMachine } from "./machine.ts";
import { cpuSeconds, processTree } from "./processes.ts";
import { spread } from "./statistics.ts";

const { values } = parseArgs({ options: { rounds: { type: "string" }, output: { type: "string" } } });
const rounds = Number(values.rounds ?? 5);
const directory = values.output ?? join(import.meta.dirname, "results");
const connections = 1_000;

const skip = (obstacle?: string) => void process.stderr.write(`bench: ${obstacle}\n`);
if (!requireNamespaces({ skip }, labPeers)) process.exit(2);
const machine = describeMachine();
const ends: (() => void | Promise<void>)[] = [];
const owner: Owner = { after: (end) => void ends.unshift(end) };
try {
	await measure();
} finally {
	for (const end of ends) await end();
}

async function measure(): Promise<void> {
	const lab = await makeLab(owner);
	const proxy = { host: "10.1.0.1", port: 8080 };
	const gateway = await lab.startSallyport(
		owner,
		"transparent router { listen 15443; interfaces g-lan.0; ports 443; }",
		{
			gateway: `explicit-proxy lab { listen ${proxy.host}:${proxy.port}; }`,
			mappings: { [openName]: `inet ${labAddresses.server.ipv4};` },
		},
	);
	const common = { names: [openName], trusted: gateway.caPem, lanes: 16 };
	const ways = {
		transparent: { ...common, host: labAddresses.server.ipv4, port: 443 },
		explicit: { ...common, ...proxy, connectTo: `${openName}:443` },
	};
	const run = async (load: ShortConnections) => {
		const script = join(import.meta.dirname, "load/short-connections-child.ts");
		const [program, ...words] = lab.client.inside([process.execPath, script, JSON.stringify(load)]);
		const child = spawn(program, words, { stdio: "inherit" });
		const [status] = await once(child, "exit");
		if (status !== 0) throw new Error(`the load ended with exit status ${status}`);
	};
	const cpu = () => cpuSeconds(processTree(gateway.program.child.pid ?? 0));
	for (const way of Object.values(ways)) await run({ ...way, count: 2_000 });
	const measured: Record<string, number[]> = { transparent: [], explicit: [] };
	for (let round = 1; round <= rounds; round++) {
		const order = Object.entries(ways);
		for (const [name, way] of round % 2 === 0 ? order : order.toReversed()) {
			const before = cpu();
			await run({ ...way, count: connections });
			await sleep(1_000);
			const used = (cpu() - before) * (1_000 / connections);
			measured[name]?.push(used);
			process.stderr.write(`bench: round ${round}, ${name}: ${used.toFixed(3)}\n`);
		}
	}
	write(spread(measured.transparent ?? []), spread(measured.explicit ?? []));
}

function write(transparent: ReturnType<typeof spread>, explicit: ReturnType<typeof spread>): void {
	const ratio = transparent.median / explicit.median;
	const verdict = ratio <= 1.1 ? "met" : "missed";
	const date = new Date().toISOString().slice(0, 16).replace("T", " ");
	const number = ({ median, least, most }: typeof explicit) =>
		`${median.toFixed(2)} (${least.toFixed(2)}..${most.toFixed(2)})`;
	const text = `# Transparent beside explicit

${date}, ${rounds} interleaved rounds; median (least..most). ${machine.cpu}, ${machine.cores} cores, ${machine.distribution}; load average before
the run ${machine.loadAverage}. Node ${machine.node}.

| figure | transparent | explicit | bar | ratio | verdict |
|---|---|---|---|---|---|
| new decrypted connections (CPU s per 1,000) | ${number(transparent)} | ${number(explicit)} | <= 1.1 x | ${ratio.toFixed(2)} | ${verdict} |

CPU is user and system time of all processes of the one gateway that has both listeners, in a network namespace between the client's and
the server's (nginx). A connection is two full TLS 1.3 handshakes, one request of HTTP/1.1 and its answer; ${connections} a round, 16 at a time.
`;
	mkdirSync(directory, { recursive: true });
	const results = { transparent, explicit, ratio, verdict };
	writeFileSync(
		join(directory, "transparent.json"),
		`${JSON.stringify({ date, rounds, connections, machine, results }, undefined, "\t")}\n`,
	);
	writeFileSync(join(directory, "transparent.md"), text);
	process.stdout.write(text);
}
