/**
 * Datagrams with numbers, to see what of them is lost: `node numbered-datagrams.ts receive` prints how many came once its input
 * ends; `... send OPTIONS` sends to many addresses in turn until its input ends, and prints how many.
 */
import { createSocket } from "node:dgram";

export interface SenderOptions {
	/** The first three octets of each destination; its last is 1. */
	readonly networks: readonly string[];
	readonly perSecond: number;
}

const port = 7_007;
const socket = createSocket({ type: "udp4", recvBufferSize: 1_048_576 });
let count = 0;
if (process.argv[2] === "receive") {
	socket.on("message", () => count++);
	socket.bind(port, () => process.stdout.write("ready\n"));
} else {
	const { networks, perSecond } = JSON.parse(process.argv[3] ?? "{}") as SenderOptions;
	const began = performance.now();
	socket.on("error", () => {});
	socket.bind(0, () => {
		process.stdout.write("ready\n");
		setInterval(() => {
			const due = ((performance.now() - began) / 1_000) * perSecond;
			for (; count < due; count++) socket.send(String(count), port, `${networks[count % networks.length]}.1`);
		}, 10);
	});
}
process.stdin.resume().on("end", () => process.stdout.write(`${count}\n`, () => process.exit(0)));
