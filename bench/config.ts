/** `npm run bench:config [-- --rounds N --policies N --addresses N --output DIR]`: a large configuration at the command line. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { defaultConfiguration } from "#daemon/default-configuration.ts";
import { ConfigClient } from "./config-client.ts";
import { type ConfigRun, type ConfigSample, configReport, missedBars } from "./config-figures.ts";
import { addressName, type ConfigurationSize, largeConfiguration, policyName } from "./config-text.ts";
import { describeMachine } from "./machine.ts";
import {
	clearEverything,
	cpuSeconds,
	freePort,
	memoryKibibytes,
	type Program,
	startProgram,
	temporaryDirectory,
	waitForOutput,
} from "./processes.ts";
import { spread } from "./statistics.ts";

process.on("exit", clearEverything);
process.on("SIGINT", () => process.exit(130));
process.on("SIGTERM", () => process.exit(143));

const entry = join(import.meta.dirname, "../bin/sallyport.mjs");

const { values } = parseArgs({
	options: {
		rounds: { type: "string", default: "3" },
		policies: { type: "string", default: "10000" },
		addresses: { type: "string", default: "50000" },
		output: { type: "string", default: join(import.meta.dirname, "results") },
	},
});
const size: ConfigurationSize = { policies: Number(values.policies), addresses: Number(values.addresses) };
const policy = `set security policies global policy ${policyName(4_711 % size.policies)}`;
const changes = [
	`set security address-book global address ${addressName(1)} 10.200.0.1/32`,
	`${policy} match destination-address ${addressName(2)}`,
	"set services ssl proxy decryption-policy exemptions never-decrypt-domains *.clinic.example",
];
const machine = describeMachine();
const samples: ConfigSample[] = [];
for (let round = 1; round <= Number(values.rounds); round++) {
	const sample = await measureRound();
	process.stderr.write(`bench: round ${round}: ${JSON.stringify(sample)}\n`);
	samples.push(sample);
}
const date = new Date().toISOString().slice(0, 16).replace("T", " ");
const run: ConfigRun = { date, machine, ...size, octets: largeConfiguration(size, 8080).length, samples };
mkdirSync(values.output, { recursive: true });
writeFileSync(join(values.output, "config.json"), `${JSON.stringify(run, undefined, "\t")}\n`);
writeFileSync(join(values.output, "config.md"), configReport(run));
process.stdout.write(configReport(run));
if (missedBars(run).length > 0) process.stderr.write("bench: at least one bar was missed; see the table\n");
process.exit();

async function measureRound(): Promise<ConfigSample> {
	const directory = temporaryDirectory("config");
	const port = await freePort();
	const small = defaultConfiguration(false).replace("127.0.0.1:8080", `127.0.0.1:${port}`);
	writeFileSync(join(directory, "sallyport.conf"), small, { mode: 0o600 });
	const large = join(directory, "large.conf");
	writeFileSync(large, largeConfiguration(size, port));
	const logFile = join(directory, "output.log");
	const program = startProgram(process.execPath, [entry, "start", "--state", directory], { logFile });
	await waitForOutput(" is running", program, logFile);
	const client = await ConfigClient.open(directory);
	try {
		return await measure(client, program, large);
	} finally {
		client.close();
		await program.stop();
		rmSync(directory, { recursive: true, force: true });
	}
}

async function measure(client: ConfigClient, program: Program, large: string): Promise<ConfigSample> {
	await client.enter("configure");
	const busy = (): number => cpuSeconds(program.pids()) * 1000;
	const busyBefore = busy();
	const load = await client.enter(`load override ${large}`);
	const loadCpu = busy() - busyBefore;
	expect(load.text, "load complete\n");
	const whole = await client.enter("commit");
	expect(whole.text, "commit complete\n");
	const commits: number[] = [];
	const commitsCpu: number[] = [];
	let compare = 0;
	for (const line of changes) {
		await client.enter(line);
		compare = Math.max(compare, (await client.enter("show | compare")).milliseconds);
		const before = busy();
		const commit = await client.enter("commit");
		commitsCpu.push(busy() - before);
		expect(commit.text, "commit complete\n");
		commits.push(commit.milliseconds);
	}
	const [managed = 0, ...workers] = program.pids().slice(1);
	return {
		load: load.milliseconds,
		"load-cpu": loadCpu,
		"commit-whole": whole.milliseconds,
		commit: spread(commits).median,
		"commit-cpu": spread(commitsCpu).median,
		compare,
		completion: await slowestCompletion(client),
		"memory-managed": memoryKibibytes([managed]) / 1024,
		"memory-worker": memoryKibibytes(workers.slice(0, 1)) / 1024,
	};
}

/** The median of each place, the slowest place. */
async function slowestCompletion(client: ConfigClient): Promise<number> {
	const places = ["set security policies global policy policy-00", `${policy} match destination-address host-1`];
	places.push("set security address-book global address host-", "show security policies global policy policy-0");
	const medians: number[] = [];
	for (const place of places) {
		const times: number[] = [];
		for (let turn = 0; turn < 11; turn++) {
			const { milliseconds, text } = await client.help(place);
			if (!text.includes("-0") && !text.includes("host-1")) throw new Error(`nothing was offered behind: ${place}`);
			times.push(milliseconds);
		}
		medians.push(spread(times).median);
	}
	return Math.max(...medians);
}

function expect(text: string, end: string): void {
	if (!text.endsWith(end)) throw new Error(`expected "${end.trim()}", got:\n${text.slice(-2_000)}`);
}
