/** Load: connections with a full handshake, one request and one answer of HTTP/1.1, each certificate verified for its name. */
import net from "node:net";
import tls from "node:tls";

export interface ShortConnections {
	readonly host: string;
	readonly port: number;
	/** What to ask a proxy at that address for, first; without it TLS begins at once. */
	readonly connectTo?: string;
	/** Server names, in turn. */
	readonly names: readonly string[];
	/** PEM of the CAs that certificates must be from. */
	readonly trusted: string;
	readonly count: number;
	/** How many at a time. */
	readonly lanes: number;
}

/** TLS 1.3 with X25519, nothing resumed; throws when a certificate or an answer is not what it should be. */
export async function shortConnections(load: ShortConnections): Promise<void> {
	const secureContext = tls.createSecureContext({ ca: load.trusted, minVersion: "TLSv1.3", ecdhCurve: "X25519" });
	let next = 0;
	const lane = async () => {
		while (next < load.count) {
			const servername = load.names[next++ % load.names.length] as string;
			const socket = await tunnel(load);
			const secured = tls.connect({ socket, servername, secureContext });
			secured.write(`GET / HTTP/1.1\r\nHost: ${servername}\r\nConnection: close\r\n\r\n`);
			let answer = "";
			for await (const chunk of secured) answer += (chunk as Buffer).toString("latin1");
			if (!answer.startsWith("HTTP/1.1 200"))
				throw new Error(`an answer of ${answer.length} octets: ${answer.slice(0, 80)}`);
		}
	};
	await Promise.all(Array.from({ length: load.lanes }, lane));
}

function tunnel({ host, port, connectTo }: ShortConnections): Promise<net.Socket> {
	const socket = net.connect({ host, port, noDelay: true });
	if (connectTo === undefined) return Promise.resolve(socket);
	socket.write(`CONNECT ${connectTo} HTTP/1.1\r\nHost: ${connectTo}\r\n\r\n`);
	return new Promise((resolve, reject) => {
		socket.once("error", reject);
		// The proxy's answer comes alone: TLS has not begun.
		socket.once("data", (head: Buffer) => {
			socket.pause();
			socket.off("error", reject);
			if (head.toString("latin1", 0, 12) === "HTTP/1.1 200") resolve(socket);
			else reject(new Error(`the proxy refused: ${head.toString("latin1")}`));
		});
	});
}
