/** A client that asks for a case's server by its name, and says whether that server's own answer came back. */
import { once } from "node:events";
import net, { isIP, type Socket } from "node:net";
import tls from "node:tls";
import type { ServedCase, Way } from "./peer.ts";

export type Outcome =
	/** The server's secret came back: the peer took the server for the one that was asked for. */
	| { readonly kind: "reached" }
	| { readonly kind: "refused"; readonly how: string }
	/** Nothing came at all: neither a yes nor a no. */
	| { readonly kind: "silent" };

/**
 * Whatever the peer's own certificate is, the client takes it: what counts is whether the peer let the server's answer
 * through.
 */
export async function probe(served: ServedCase, way: Way): Promise<Outcome> {
	const clock = new AbortController();
	const silence = new Promise<Outcome>((resolve) => {
		const timer = setTimeout(() => resolve({ kind: "silent" }), patienceMs);
		clock.signal.addEventListener("abort", () => clearTimeout(timer));
	});
	const sockets: Socket[] = [];
	try {
		return await Promise.race([ask(served, way, sockets), silence]);
	} finally {
		clock.abort();
		for (const socket of sockets) socket.destroy();
	}
}

async function ask(served: ServedCase, way: Way, sockets: Socket[]): Promise<Outcome> {
	try {
		const transport = net.connect(way.port, "127.0.0.1");
		sockets.push(transport);
		transport.on("error", () => undefined);
		await once(transport, "connect");
		if (way.kind === "connect") {
			const status = await tunnel(transport, served);
			if (status !== "200") return { kind: "refused", how: `CONNECT ${status}` };
		}
		const names = isIP(served.host) === 0 ? { servername: served.host } : {};
		const socket = tls.connect({ socket: transport, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"], ...names });
		sockets.push(socket);
		await once(socket, "secureConnect");
		socket.write(`GET / HTTP/1.1\r\nHost: ${authority(served)}\r\nConnection: close\r\n\r\n`);
		const text = await everything(socket);
		if (text.includes(served.secret)) return { kind: "reached" };
		return { kind: "refused", how: text === "" ? "closed without an answer" : `answered ${text.split("\r\n", 1)[0]}` };
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		return { kind: "refused", how: code ?? message };
	}
}

/** Sends CONNECT; answers the status code. */
async function tunnel(socket: Socket, served: ServedCase): Promise<string> {
	socket.write(`CONNECT ${authority(served)} HTTP/1.1\r\nHost: ${authority(served)}\r\n\r\n`);
	let head = "";
	while (!head.includes("\r\n\r\n")) {
		const [chunk] = (await once(socket, "data")) as [Buffer];
		head += chunk.toString("latin1");
	}
	return head.split(" ")[1] ?? "";
}

function authority({ host, port }: ServedCase): string {
	return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

function everything(socket: tls.TLSSocket): Promise<string> {
	return new Promise((resolve, reject) => {
		let text = "";
		socket.on("data", (chunk: Buffer) => {
			text += chunk.toString("latin1");
		});
		socket.on("end", () => resolve(text));
		socket.on("close", () => resolve(text));
		socket.on("error", (error) => (text === "" ? reject(error) : resolve(text)));
	});
}

const patienceMs = 15_000;
