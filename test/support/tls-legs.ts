/** TLS ends on loopback for tests: a server and a client of `node:tls` on bare sockets, and commands as peers. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { TestContext } from "node:test";
import tls, { type SecureContextOptions, TLSSocket } from "node:tls";

/** An error as `node:tls` gives it. */
export type TlsError = Error & { readonly code?: string };

/** Listens on loopback until the test ends, and answers the port. */
export async function listen(t: Pick<TestContext, "after">, onSocket: (socket: Socket) => void): Promise<number> {
	const sockets = new Set<Socket>();
	const server: Server = createServer((socket) => {
		sockets.add(socket);
		socket.on("error", () => {});
		socket.on("close", () => sockets.delete(socket));
		onSocket(socket);
	});
	t.after(() => {
		for (const socket of sockets) socket.destroy();
		server.close();
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	return (server.address() as AddressInfo).port;
}

/** A TLS server on bare sockets, as the gateway runs it; `events` collects what its sockets tell. */
export async function listenTls(
	t: Pick<TestContext, "after">,
	options: SecureContextOptions,
	onSecure: (socket: TLSSocket) => void = () => {},
): Promise<{ readonly port: number; readonly errors: TlsError[] }> {
	const secureContext = tls.createSecureContext(options);
	const errors: TlsError[] = [];
	const port = await listen(t, (socket) => {
		const secured = new TLSSocket(socket, { isServer: true, secureContext });
		secured.on("_tlsError", (error: TlsError) => errors.push(error));
		secured.on("error", (error: TlsError) => errors.push(error));
		secured.once("secure", () => onSecure(secured));
		secured.resume();
	});
	return { port, errors };
}

/** Connects; the socket once the handshake is done, or the error that ended it. */
export function connectTls(
	t: Pick<TestContext, "after">,
	port: number,
	options: tls.ConnectionOptions,
): Promise<TLSSocket | TlsError> {
	const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
	t.after(() => socket.destroy());
	return new Promise((resolve) => {
		socket.once("secureConnect", () => resolve(socket));
		socket.on("error", resolve);
		socket.once("close", () => resolve(new Error("closed")));
	});
}

/** Runs a command to its end (at most 10 seconds) with `input` on its standard input; its exit status and all output. */
export async function run(
	t: Pick<TestContext, "after">,
	command: string,
	args: readonly string[],
	input = "",
): Promise<{ readonly status: number | null; readonly output: string }> {
	const child = spawn(command, [...args], { stdio: ["pipe", "pipe", "pipe"], timeout: 30_000 });
	t.after(() => child.kill());
	let output = "";
	for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
	child.stdin.on("error", () => {});
	child.stdin.end(input);
	const [status] = await once(child, "close");
	return { status, output };
}

/** Waits until the condition holds, looking every 10 ms; fails after 5 seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
	for (let waited = 0; !condition(); waited += 10) {
		if (waited > 5000) throw new Error(`waited 5 s in vain for ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 10));
	}
}
