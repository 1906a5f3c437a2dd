/**
 * Connects and sends datagrams as it is told, and says what came of each. Reads one `ProbeBatch` a line of standard input,
 * answers one list of outcomes a line.
 */
import { createSocket } from "node:dgram";
import { Socket } from "node:net";
import { createInterface } from "node:readline";

/** One connection, or one datagram with an answer, from an address of this host. */
export interface Flow {
	readonly protocol: "tcp" | "udp";
	readonly from: string;
	readonly to: string;
	readonly port: number;
}

/** `answered` tells for which of the flows there should be an answer of some kind: so long it is waited. */
export interface ProbeBatch {
	readonly flows: readonly Flow[];
	readonly answered: readonly boolean[];
}

/** `silent`: no answer of any kind came. */
export type Outcome = "permit" | "reject" | "silent";

interface Probe {
	outcome: Outcome;
	end(): void;
}

async function serve(line: string): Promise<void> {
	const { flows, answered } = JSON.parse(line) as ProbeBatch;
	const probes = flows.map((flow) => (flow.protocol === "tcp" ? connectOf(flow) : datagramOf(flow)));
	const isOpen = () => probes.some(({ outcome }, index) => answered[index] === true && outcome === "silent");
	for (let waited = 0; isOpen() && waited < patienceMs; waited += stepMs) await sleep(stepMs);
	// What should be silent and is not shows about as soon as the rest.
	await sleep(settleMs);
	for (const probe of probes) probe.end();
	process.stdout.write(`${JSON.stringify(probes.map(({ outcome }) => outcome))}\n`);
}

function connectOf({ from, to, port }: Flow): Probe {
	const socket = new Socket();
	const probe: Probe = { outcome: "silent", end: () => socket.destroy() };
	socket.on("connect", () => {
		probe.outcome = "permit";
	});
	socket.on("error", () => {
		if (probe.outcome === "silent") probe.outcome = "reject";
	});
	socket.connect({ host: to, port, localAddress: from, autoSelectFamily: false });
	return probe;
}

/** Sent again until there is an answer: Linux limits how many refusals it sends. */
function datagramOf({ from, to, port }: Flow): Probe {
	const socket = createSocket(to.includes(":") ? "udp6" : "udp4");
	const probe: Probe = {
		outcome: "silent",
		end: () => {
			clearInterval(timer);
			socket.close();
		},
	};
	const answeredBy = (outcome: Outcome) => {
		if (probe.outcome === "silent") probe.outcome = outcome;
	};
	const send = () => {
		if (probe.outcome === "silent") socket.send("?", (error) => (error === null ? undefined : answeredBy("reject")));
	};
	const timer = setInterval(send, 250);
	socket.on("message", () => answeredBy("permit"));
	socket.on("error", () => answeredBy("reject"));
	socket.bind(0, from, () => socket.connect(port, to, send));
	return probe;
}

function sleep(milliseconds: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

const stepMs = 10;
const settleMs = 100;
const patienceMs = 8_000;

for await (const line of createInterface({ input: process.stdin })) await serve(line);
