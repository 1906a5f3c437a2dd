/** `npm run bench:http2 [-- --rounds N --output DIR]`: what inspecting HTTP/2 costs, beside relaying it and beside nghttpx. */
import { spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Http2Key, type Http2Run, type Http2Sample, http2Report, missedBars } from "./http2-figures.ts";
import { describeMachine } from "./machine.ts";
import { largeOctets, type Origin, startOrigin } from "./origin.ts";
import { nghttpx } from "./peers/nghttpx.ts";
import { sallyport, sallyportOpaque } from "./peers/sallyport.ts";
import { clearEverything, cpuSeconds, temporaryDirectory } from "./processes.ts";
import { originName, type Subject, type SubjectKind, type Target } from "./subject.ts";

process.on("exit", clearEverything);
process.on("SIGINT", () => process.exit(130));
process.on("SIGTERM", () => process.exit(143));

const manyRequests = 60_000;
const singleRequests = 20_000;
const downloads = 4;
const loadProgram = "h2load";
const settleMilliseconds = 1_000;

const { values } = parseArgs({
	options: {
		rounds: { type: "string", default: "3" },
		output: { type: "string", default: join(import.meta.dirname, "results") },
	},
});
const machine = describeMachine();
const kinds = [sallyport, sallyportOpaque, nghttpx].filter((kind) => {
	const reason = kind.missing();
	if (reason !== undefined) process.stderr.write(`bench: ${kind.name} is left out: ${reason}\n`);
	return reason === undefined;
});
const origin = await startOrigin();
const samples: Record<string, Http2Sample[]> = {};
for (let round = 1; round <= Number(values.rounds); round++) {
	for (const kind of kinds) {
		const sample = await measureOnce(kind, origin);
		samples[kind.name] = [...(samples[kind.name] ?? []), sample];
		process.stderr.write(`bench: ${kind.name}, round ${round}: ${JSON.stringify(sample)}\n`);
	}
}
await origin.stop();
const run: Http2Run = {
	date: new Date().toISOString().slice(0, 16).replace("T", " "),
	machine,
	versions: Object.fromEntries(kinds.map((kind) => [kind.name, kind.version()])),
	samples,
};
mkdirSync(values.output, { recursive: true });
writeFileSync(join(values.output, "http2.json"), `${JSON.stringify(run, undefined, "\t")}\n`);
writeFileSync(join(values.output, "http2.md"), http2Report(run));
process.stdout.write(http2Report(run));
if (missedBars(run).length > 0) process.stderr.write("bench: at least one bar was missed; see the table\n");
process.exit();

async function measureOnce(kind: SubjectKind, { caFile, ports }: Origin): Promise<Http2Sample> {
	const directory = temporaryDirectory(kind.name);
	const subject = await kind.start({ directory, originCaFile: caFile, originPorts: ports });
	const target = subject.target("not-resuming");
	const { port, close } = await entrance(target);
	try {
		const load = (path: string, ...args: readonly string[]) => h2load(target, port, path, args);
		await load("/small", "--requests=20000", "--clients=4", "--max-concurrent-streams=20");
		return {
			"requests-many": await cpuOf(subject, 10_000 / manyRequests, () =>
				load("/small", `--requests=${manyRequests}`, "--clients=4", "--max-concurrent-streams=20"),
			),
			"requests-single": await cpuOf(subject, 10_000 / singleRequests, () =>
				load("/small", `--requests=${singleRequests}`, "--clients=4", "--max-concurrent-streams=1"),
			),
			download: await cpuOf(subject, 2 ** 30 / (downloads * largeOctets), () =>
				load("/large", `--requests=${downloads}`, "--clients=1", "--max-concurrent-streams=1"),
			),
		} satisfies Record<Http2Key, number>;
	} finally {
		close();
		await subject.stop();
		rmSync(directory, { recursive: true, force: true });
	}
}

async function cpuOf(subject: Subject, factor: number, load: () => Promise<void>): Promise<number> {
	await sleep(settleMilliseconds);
	const before = cpuSeconds(subject.pids());
	await load();
	await sleep(settleMilliseconds);
	return (cpuSeconds(subject.pids()) - before) * factor;
}

/** A port for a client that cannot ask a proxy: what connects there has a tunnel to the origin. */
async function entrance({ kind, host, port, originPort }: Target): Promise<{ port: number; close: () => void }> {
	if (kind === "direct") return { port, close: () => undefined };
	const server = net.createServer({ pauseOnConnect: true }, (client) => {
		const tunnel = net.connect({ port, host, noDelay: true });
		client.setNoDelay();
		tunnel.write(`CONNECT ${originName}:${originPort} HTTP/1.1\r\nHost: ${originName}:${originPort}\r\n\r\n`);
		tunnel.once("data", () => client.pipe(tunnel).pipe(client));
		for (const end of [client, tunnel]) {
			end.on("error", () => undefined);
			end.once("close", () => (end === client ? tunnel : client).destroy());
		}
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return { port: (server.address() as net.AddressInfo).port, close: () => server.close() };
}

/** Runs h2load; throws unless every request succeeded, over HTTP/2. */
async function h2load(target: Target, port: number, path: string, args: readonly string[]): Promise<void> {
	const url = `https://${originName}:${target.originPort}${path}`;
	const child = spawn(loadProgram, [...args, `--connect-to=127.0.0.1:${port}`, url], {
		stdio: ["ignore", "pipe", "pipe"],
	});
	let output = "";
	for (const stream of [child.stdout, child.stderr]) {
		stream.on("data", (chunk: Buffer) => {
			output += chunk;
		});
	}
	await new Promise((resolve) => child.on("close", resolve));
	if (/ 0 failed, 0 errored, 0 timeout/.test(output) && /Application protocol: h2/.test(output)) return;
	throw new Error(`${loadProgram} ${args.join(" ")} ${url} failed:\n${output}`);
}
