/** Many clients of a TLS listener: those that are silent after the handshake, and those whose ClientHello never ends. */
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import tls, { type TLSSocket } from "node:tls";

/** Where they connect, whom they trust, and the name that they ask for. */
export interface CrowdTarget {
	readonly port: number;
	/** PEM. */
	readonly ca: string;
	readonly host: string;
}

/** The body of one answer, over a connection of its own. */
export async function ask(target: CrowdTarget, path: string): Promise<string> {
	const socket = await open(target);
	socket.write(`GET ${path} HTTP/1.1\r\nHost: ${target.host}\r\nConnection: close\r\n\r\n`);
	let text = "";
	for await (const chunk of socket) text += chunk;
	return text.slice(text.indexOf("\r\n\r\n") + 4);
}

/**
 * Opens `count` connections that say nothing after the handshake, `lanes` at a time. Their owner destroys them. `closed` is told how
 * many milliseconds behind its handshake one was closed.
 */
export async function idleClients(
	target: CrowdTarget,
	count: number,
	lanes: number,
	closed?: (livedMs: number) => void,
): Promise<TLSSocket[]> {
	const clients: TLSSocket[] = [];
	const context = tls.createSecureContext({ ca: target.ca });
	let left = count;
	const lane = async () => {
		while (left-- > 0) {
			const client = await open(target, context);
			client.on("error", () => undefined);
			client.resume();
			if (closed !== undefined) {
				const since = performance.now();
				client.once("close", () => closed(performance.now() - since));
			}
			clients.push(client);
		}
	};
	await Promise.all(Array.from({ length: lanes }, lane));
	return clients;
}

/** Opens `count` connections at once that send one octet of a ClientHello in `everyMs`, until they are closed. */
export function slowClients(port: number, count: number, everyMs: number): { readonly over: Promise<unknown> } {
	return { over: Promise.all(Array.from({ length: count }, () => dribble(port, everyMs))) };
}

async function dribble(port: number, everyMs: number): Promise<void> {
	// A record of 16,000 octets with a ClientHello of which little ever comes.
	const hello = Buffer.alloc(16_005, 0);
	hello.set([0x16, 3, 1, 0x3e, 0x80, 1, 0, 0x3e, 0x7c, 3, 3]);
	const socket = connect(port, "127.0.0.1");
	socket.on("error", () => undefined).resume();
	for (let at = 0; at < hello.length && !socket.destroyed && !socket.readableEnded; at++) {
		socket.write(hello.subarray(at, at + 1));
		await sleep(everyMs);
	}
	socket.destroy();
}

function open({ port, ca, host }: CrowdTarget, secureContext?: tls.SecureContext): Promise<TLSSocket> {
	const trust = secureContext === undefined ? { ca } : { secureContext };
	const socket = tls.connect({ port, host: "127.0.0.1", servername: host, ...trust });
	return new Promise((resolve, reject) => {
		socket.once("secureConnect", () => resolve(socket));
		socket.once("error", reject);
		socket.once("close", () => reject(new Error("closed during the handshake")));
	});
}
