/** ClientHellos for tests: real ones that were captured, and built ones with every part settable. */
import { Reader, Writer } from "#base/bytes.ts";
import { type ClientHello, decodeClientHello } from "#tls/client-hello.ts";
import { ClientHelloReader } from "#tls/client-hello-reader.ts";
import { extensionType } from "#tls/extension-types.ts";
import { contentType, encodeRecord } from "#tls/record.ts";
import captures from "../captures/client-hello/client-hellos.json" with { type: "json" };

/** One captured first flight. */
export interface CapturedHello {
	readonly name: string;
	/** The program and its version. */
	readonly program: string;
	/** The octets as they came from the socket. */
	readonly octets: Uint8Array;
	/** The handshake message, without record headers. */
	readonly message: Uint8Array;
}

export const capturedHellos: readonly CapturedHello[] = captures.map(({ name, program, octets }) => {
	const flight = Uint8Array.from(Buffer.from(octets, "hex"));
	const reader = new Reader(flight, 3);
	return { name, program, octets: flight, message: reader.take(reader.u16()).slice() };
});

/** The capture of that name. */
export function capturedHello(name: string): CapturedHello {
	const found = capturedHellos.find((capture) => capture.name === name);
	if (found === undefined) throw new Error(`no capture ${name}`);
	return found;
}

/** The decoded capture of that name. */
export function decodedCapture(name: string): ClientHello {
	return decodedHello(capturedHello(name).message);
}

/** Decodes a message that the test knows to be valid. */
export function decodedHello(message: Uint8Array): ClientHello {
	const decoded = decodeClientHello(message);
	if (decoded.kind !== "done") throw new Error(JSON.stringify(decoded));
	return decoded.value;
}

/** The parts of a built ClientHello; what is left out is what TLS 1.2 needs at least. */
export interface HelloParts {
	readonly legacyVersion?: number;
	readonly sessionId?: Uint8Array;
	readonly cipherSuites?: readonly number[];
	readonly compressionMethods?: readonly number[];
	/** Type and body, in order; without them the message ends after the compression methods. */
	readonly extensions?: readonly (readonly [number, Uint8Array])[];
}

/** The handshake message of a ClientHello. */
export function buildHello(parts: HelloParts = {}): Uint8Array {
	return new Writer()
		.u8(1)
		.prefixed(3, (body) => {
			body.u16(parts.legacyVersion ?? 0x0303).bytes(new Uint8Array(32).fill(7));
			body.prefixed(1, (list) => list.bytes(parts.sessionId ?? new Uint8Array(0)));
			body.prefixed(2, (list) => {
				for (const suite of parts.cipherSuites ?? [0xc02b]) list.u16(suite);
			});
			body.prefixed(1, (list) => list.bytes(Uint8Array.from(parts.compressionMethods ?? [0])));
			if (parts.extensions === undefined) return;
			body.prefixed(2, (list) => {
				for (const [type, value] of parts.extensions ?? []) {
					list.u16(type).prefixed(2, (extension) => extension.bytes(value));
				}
			});
		})
		.finish();
}

/** The server_name extension with these names, as type and octets. */
export function serverNameExtension(...names: readonly (readonly [number, string])[]): [number, Uint8Array] {
	const body = new Writer().prefixed(2, (list) => {
		for (const [type, name] of names) {
			list.u8(type).prefixed(2, (writer) => writer.bytes(Buffer.from(name, "latin1")));
		}
	});
	return [extensionType.serverName, body.finish()];
}

/** The ALPN extension with these protocols, one character per octet. */
export function alpnExtension(...protocols: readonly string[]): [number, Uint8Array] {
	const body = new Writer().prefixed(2, (list) => {
		for (const name of protocols) list.prefixed(1, (writer) => writer.bytes(Buffer.from(name, "latin1")));
	});
	return [extensionType.alpn, body.finish()];
}

/** A list of 16-bit values behind a length of one or two octets. */
export function u16ListBody(lengthOctets: 1 | 2, values: readonly number[]): Uint8Array {
	return new Writer()
		.prefixed(lengthOctets, (list) => {
			for (const value of values) list.u16(value);
		})
		.finish();
}

/** Puts a handshake message into records of the given fragment sizes; the last size serves for the rest. */
export function inRecords(message: Uint8Array, ...sizes: readonly number[]): Uint8Array {
	const writer = new Writer(message.length * 2);
	for (let at = 0, index = 0; at < message.length; index++) {
		const size = sizes[Math.min(index, sizes.length - 1)] ?? 16_384;
		writer.bytes(encodeRecord(contentType.handshake, 0x0301, message.subarray(at, at + size)));
		at += size;
	}
	return writer.finish();
}

/** The ClientHello at the beginning of what a client sent. */
export function helloOf(octets: Uint8Array): ClientHello {
	const reading = new ClientHelloReader().push(octets);
	if (reading.kind !== "hello") throw new Error(JSON.stringify(reading));
	return reading.hello;
}
