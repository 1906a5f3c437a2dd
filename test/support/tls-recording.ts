/** Real TLS between two ends of Node in memory, recorded octet by octet, with the key log that the client wrote. */
import { once } from "node:events";
import { type Duplex, duplexPair } from "node:stream";
import { connect, createSecureContext, type TLSSocket as Socket, TLSSocket, type TlsOptions } from "node:tls";
import { decodeKeyLog, type KeyLog } from "#capture/key-log.ts";
import { type KeyName, makeCertificate } from "./make-certificate.ts";

export interface TlsRecording {
	readonly segments: readonly RecordedSegment[];
	readonly keyLog: string;
}

export interface RecordedSegment {
	readonly fromClient: boolean;
	readonly payload: Uint8Array;
}

/** A GET for each path, each answered with `body`. */
export async function recordTls(
	options: Pick<TlsOptions, "minVersion" | "maxVersion" | "ciphers">,
	paths: readonly string[],
	body: string,
	key: KeyName = "rsa2048",
): Promise<TlsRecording> {
	const segments: RecordedSegment[] = [];
	const [clientEnd, clientFar] = duplexPair();
	const [serverEnd, serverFar] = duplexPair();
	recordBetween(clientFar, serverFar, segments);
	const { pem, keyPem } = makeCertificate({ key });
	const secureContext = createSecureContext({ ...options, cert: pem, key: keyPem });
	const server = new TLSSocket(serverEnd, { isServer: true, secureContext });
	answerRequests(server, body);
	const client = connect({ socket: clientEnd, rejectUnauthorized: false, servername: "test.example" });
	let keyLog = "";
	client.on("keylog", (line) => {
		keyLog += line;
	});
	await once(client, "secureConnect");
	let missing = 0;
	client.on("data", (chunk) => {
		missing -= chunk.length;
		if (missing === 0) client.emit("answered");
	});
	for (const path of paths) {
		missing = answerOf(body).length;
		const answered = once(client, "answered");
		client.write(requestOf(path));
		await answered;
	}
	client.destroy();
	server.destroy();
	return { segments, keyLog };
}

/** Answers each request without a body. */
export function answerRequests(socket: Socket, body: string): void {
	socket.on("error", () => undefined);
	socket.on("data", (chunk) => {
		if (String(chunk).endsWith("\r\n\r\n")) socket.write(answerOf(body));
	});
}

/** Hands on what either end sends, and writes it down. */
export function recordBetween(client: Duplex, server: Duplex, segments: RecordedSegment[]): void {
	for (const [from, to] of [
		[client, server],
		[server, client],
	] as const) {
		from.on("error", () => to.destroy());
		from.on("data", (payload: Buffer) => {
			segments.push({ fromClient: from === client, payload: Uint8Array.from(payload) });
			to.write(payload);
		});
		from.on("end", () => to.end());
	}
}

export function keyLogOf(text: string): KeyLog {
	const decoded = decodeKeyLog(Buffer.from(text, "latin1"));
	if (decoded.kind !== "done") throw new Error(`the key log cannot be decoded: ${JSON.stringify(decoded)}`);
	return decoded.value;
}

export function answerOf(body: string): string {
	return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

export function requestOf(path: string): string {
	return `GET ${path} HTTP/1.1\r\nHost: test.example\r\n\r\n`;
}
