/**
 * Answers connections at one port of every address, and datagrams at some ports of some addresses; prints a line once it
 * does. Arguments: the port, addresses, ports; the last two as lists with commas.
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

const [tcpPort = "", addresses = "", udpPorts = ""] = process.argv.slice(2);
for (const address of addresses.split(",")) {
	for (const at of udpPorts.split(",")) {
		const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
		socket.on("error", () => undefined);
		socket.on("message", (_, from) => socket.send("!", from.port, from.address));
		socket.bind(Number(at), address);
		await once(socket, "listening");
	}
}
const server = createServer((socket) => socket.on("error", () => undefined).resume());
server.listen({ host: "::", port: Number(tcpPort) }, () => process.stdout.write("ready\n"));
// It ends with the pipe to whoever started it.
process.stdin.on("end", () => process.exit(0)).resume();
