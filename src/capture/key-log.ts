/**
 * A key log: the secrets of TLS connections that a client or server wrote down (SSLKEYLOGFILE), one to a line.
 *
 *     LABEL space client random (64 hexadecimal digits) space secret (hexadecimal)
 *
 * Source: draft-ietf-tls-keylogfile.
 */
import { type Decoded, done, malformed } from "#base/bytes.ts";

export type KeyLogLabel =
	| "CLIENT_RANDOM"
	| "CLIENT_HANDSHAKE_TRAFFIC_SECRET"
	| "SERVER_HANDSHAKE_TRAFFIC_SECRET"
	| "CLIENT_TRAFFIC_SECRET_0"
	| "SERVER_TRAFFIC_SECRET_0";

/** The longest key log that is read. */
export const maxKeyLogOctets = 67_108_864;

/** Secrets by label and connection. They are given out one by one and never shown. */
export class KeyLog {
	readonly #secrets = new Map<string, Uint8Array>();

	/** Of the connection that began with this random of the client. */
	secret(label: KeyLogLabel, clientRandom: Uint8Array): Uint8Array | undefined {
		return this.#secrets.get(keyOf(label, Buffer.from(clientRandom).toString("hex")));
	}

	get size(): number {
		return this.#secrets.size;
	}

	/** The first that is told of a connection counts. */
	add(label: string, clientRandom: string, secret: Uint8Array): void {
		const key = keyOf(label, clientRandom);
		if (!this.#secrets.has(key)) this.#secrets.set(key, secret);
	}
}

/**
 * Decodes a whole file. Comments, empty lines and labels that are of no use here are passed over, and so is a last line
 * that its program had not written to the end.
 *
 * Bounds: `maxKeyLogOctets`.
 * Faults: a line of another form is malformed. A reason names the line by its number and holds nothing of it.
 */
export function decodeKeyLog(octets: Uint8Array): Decoded<KeyLog> {
	if (octets.length > maxKeyLogOctets)
		return malformed(`the key log has ${octets.length} octets; at most ${maxKeyLogOctets} are read`);
	const keyLog = new KeyLog();
	let number = 0;
	for (let at = 0; at < octets.length; ) {
		const newline = octets.indexOf(lineFeed, at);
		const end = newline === -1 ? octets.length : newline;
		number++;
		const isWell = end - at <= maxLineOctets && readLine(octets.subarray(at, end), keyLog);
		if (!isWell && newline !== -1)
			return malformed(`line ${number} is none of a key log; expected LABEL, client random and secret in hexadecimal`);
		at = end + 1;
	}
	return done(keyLog, octets.length);
}

function readLine(octets: Uint8Array, into: KeyLog): boolean {
	const line = Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("latin1").trimEnd();
	if (line === "" || line.startsWith("#")) return true;
	const match = form.exec(line);
	if (match === null) return false;
	const [, label = "", clientRandom = "", secret = ""] = match;
	const lengths = secretOctets[label];
	if (lengths === undefined) return true;
	if (!lengths.includes(secret.length / 2) || clientRandom.length !== randomDigits) return false;
	into.add(label, clientRandom.toLowerCase(), Uint8Array.from(Buffer.from(secret, "hex")));
	return true;
}

function keyOf(label: string, clientRandom: string): string {
	return `${label} ${clientRandom}`;
}

/** By label: how long its secret may be. */
const secretOctets: Readonly<Record<string, readonly number[]>> & Record<KeyLogLabel, readonly number[]> = {
	CLIENT_RANDOM: [48],
	CLIENT_HANDSHAKE_TRAFFIC_SECRET: [32, 48],
	SERVER_HANDSHAKE_TRAFFIC_SECRET: [32, 48],
	CLIENT_TRAFFIC_SECRET_0: [32, 48],
	SERVER_TRAFFIC_SECRET_0: [32, 48],
};
const form = /^([A-Z][A-Z0-9_]{0,63}) ([0-9a-fA-F]+) ([0-9a-fA-F]+)$/;
const randomDigits = 64;
const lineFeed = 0x0a;
/** The labels of today need some 250. */
const maxLineOctets = 4_096;
