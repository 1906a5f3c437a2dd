/** Sends so many first flights of QUIC to port 443 of an address, each with another name and from one of few ports. */
import { createSocket } from "node:dgram";
import { quicFirstFlight } from "./quic-initial.ts";

const [, , at = "::1", count = "1"] = process.argv;
const socket = createSocket(at.includes(":") ? "udp6" : "udp4");
// Each flight is refused.
socket.on("error", () => undefined);
for (let index = 0; index < Number(count); index++) {
	const [datagram] = quicFirstFlight(`n${index}.test`, 1);
	if (datagram !== undefined) await new Promise((resolve) => socket.send(datagram, 443, at, resolve));
}
socket.close();
