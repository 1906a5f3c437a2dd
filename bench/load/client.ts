/** One client connection: TCP, CONNECT where the way needs it, a full TLS 1.3 handshake with X25519. */
import { readFileSync } from "node:fs";
import net from "node:net";
import tls from "node:tls";
import { originName, type Target } from "../subject.ts";
import { ResponseReader } from "./response.ts";

/** The client's TLS settings for a target: only that way's CA, TLS 1.3, X25519; there is no session to resume. */
export function clientContext(target: Target): tls.SecureContext {
	return tls.createSecureContext({
		ca: readFileSync(target.caFile),
		minVersion: "TLSv1.3",
		maxVersion: "TLSv1.3",
		ecdhCurve: "X25519",
	});
}

/** Opens a connection; the certificate must be for the origin's name and from the target's CA. */
export async function openClient(target: Target, secureContext: tls.SecureContext): Promise<tls.TLSSocket> {
	const socket = net.connect({ host: target.host, port: target.port, noDelay: true });
	if (target.kind === "connect") await tunnel(socket, target);
	const secured = tls.connect({ socket, secureContext, servername: originName, ALPNProtocols: ["http/1.1"] });
	await settled(secured, "secureConnect");
	return secured;
}

/** A GET request of the origin on the target's way; `close` makes it the connection's last. */
export function request(target: Target, path: string, connection: "keep-alive" | "close"): string {
	const host = `${originName}:${target.originPort}`;
	return `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: bench\r\nAccept: */*\r\nConnection: ${connection}\r\n\r\n`;
}

/** Sends one request and waits for its whole response. `onFirstOctet` is called when the response begins. */
export function fetchOnce(
	client: tls.TLSSocket,
	requestText: string,
	onFirstOctet?: () => void,
): Promise<ResponseReader> {
	return new Promise((resolve, reject) => {
		const reader = new ResponseReader();
		let isFirst = true;
		const stop = (error?: Error) => {
			client.off("data", receive).off("error", stop).off("close", closed);
			if (error === undefined) resolve(reader);
			else reject(error);
		};
		const closed = () => stop(new Error("connection closed before the response was complete"));
		const receive = (chunk: Buffer) => {
			if (isFirst) onFirstOctet?.();
			isFirst = false;
			try {
				if (reader.push(chunk)) stop();
			} catch (error) {
				stop(error as Error);
			}
		};
		client.on("data", receive).on("error", stop).on("close", closed);
		client.write(requestText);
	});
}

/** Closes a connection and waits until it is closed. */
export async function closeClient(client: tls.TLSSocket): Promise<void> {
	if (client.destroyed) return;
	client.on("error", () => undefined);
	client.end();
	client.resume();
	const guard = setTimeout(() => client.destroy(), 2_000);
	await new Promise((resolve) => client.once("close", resolve));
	clearTimeout(guard);
}

async function tunnel(socket: net.Socket, target: Target): Promise<void> {
	const authority = `${originName}:${target.originPort}`;
	socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
	let head = "";
	while (!head.endsWith("\r\n\r\n")) {
		await settled(socket, "readable");
		const chunk: Buffer | null = socket.read();
		if (chunk !== null) head += chunk.toString("latin1");
	}
	if (!/^HTTP\/1\.[01] 200 /.test(head)) throw new Error(`CONNECT was refused: ${head.split("\r\n")[0]}`);
}

function settled(socket: net.Socket, event: string): Promise<void> {
	return new Promise((resolve, reject) => {
		const done = (error?: Error) => {
			socket.off(event, succeeded).off("error", done).off("close", closed);
			if (error === undefined) resolve();
			else reject(error);
		};
		const succeeded = () => done();
		const closed = () => done(new Error(`connection closed while waiting for ${event}`));
		socket.on(event, succeeded).on("error", done).on("close", closed);
	});
}
