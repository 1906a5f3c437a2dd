/** Opens a transparent listener, connects to it by way of the packet filter and past it, and prints what it saw as JSON. */
import { Socket } from "node:net";
import { formatAddress, formatEndpoint } from "#base/address.ts";
import { openLinux } from "#base/linux-shell.ts";
import { TransparentListener } from "#proxy/transparent-listener-shell.ts";

const mode = process.argv[2] === "redirect" ? "redirect" : "tproxy";
const plan = {
	name: "transparent lan",
	path: "services gateway transparent lan",
	mode,
	port: 15_000,
	way: { kind: "transparent", preservesSource: false },
	fromZone: undefined,
} as const;
const seen: string[] = [];
const listener = new TransparentListener(plan, await openLinux(), {
	taken: (_, socket, { address, port }) => {
		seen.push(formatEndpoint({ host: formatAddress(address), port }));
		socket.end("taken");
		socket.resume();
	},
	strayed: () => seen.push("strayed"),
});
await listener.open(true);
for (const [host, port] of [
	["192.0.2.80", 443],
	["2001:db8::80", 443],
	["127.0.0.1", 15_000],
	["::1", 15_000],
] as const) {
	const socket = new Socket();
	socket.on("error", () => undefined);
	socket.connect({ host, port });
	socket.resume();
	await new Promise((resolve) => socket.once("close", resolve));
}
await listener.close();
process.stdout.write(JSON.stringify(seen));
