/** Datagrams of the beginning of a DTLS connection, made by hand. */
import { Writer } from "#base/bytes.ts";
import { encodeDtlsRecord } from "#dtls/record.ts";
import { serverNameExtension } from "./tls-hello.ts";

export interface HelloParts {
	readonly cookie?: Uint8Array;
	readonly sequence?: number;
	/** Each octet of the random. */
	readonly random?: number;
}

/** The body of a ClientHello that names a server. */
export function helloBody(name: string, { cookie = new Uint8Array(0), random = 5 }: HelloParts = {}): Uint8Array {
	const [type, value] = serverNameExtension([0, name]);
	return new Writer()
		.u16(0xfefd)
		.bytes(new Uint8Array(32).fill(random))
		.u8(0)
		.prefixed(1, (writer) => writer.bytes(cookie))
		.prefixed(2, (suites) => suites.u16(0xc02b))
		.u8(1)
		.u8(0)
		.prefixed(2, (extensions) => extensions.u16(type).prefixed(2, (body) => body.bytes(value)))
		.finish();
}

/** A handshake message, or a fragment of it, with its header. */
export function handshake(
	type: number,
	octets: Uint8Array,
	{ sequence = 0, offset = 0, size = octets.length }: { sequence?: number; offset?: number; size?: number } = {},
): Uint8Array {
	return new Writer()
		.u8(type)
		.u24(size)
		.u16(sequence)
		.u24(offset)
		.prefixed(3, (body) => body.bytes(octets))
		.finish();
}

/** A record with this fragment. */
export function inRecord(fragment: Uint8Array, type = 22, epoch = 0): Uint8Array {
	return encodeDtlsRecord({ type, version: 0xfefd, epoch, sequence: 7, fragment });
}

/** A whole ClientHello in a datagram. */
export function helloDatagram(name: string, parts: HelloParts = {}): Uint8Array {
	return inRecord(handshake(1, helloBody(name, parts), { sequence: parts.sequence ?? 0 }));
}

/** What a server answers that wants a cookie. */
export function helloVerify(cookie: Uint8Array): Uint8Array {
	return inRecord(
		handshake(
			3,
			new Writer()
				.u16(0xfeff)
				.prefixed(1, (body) => body.bytes(cookie))
				.finish(),
		),
	);
}
