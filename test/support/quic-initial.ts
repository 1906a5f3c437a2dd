/** Initial packets of QUIC as clients send them: with the keys that the connection ID gives. */
import { createCipheriv } from "node:crypto";
import { concat, Writer } from "#base/bytes.ts";
import { minInitialDatagramOctets } from "#tls/quic-initial.ts";
import { quicVersion } from "#tls/quic-packet.ts";
import { clientInitialKeys, headerMask, nonceOf } from "#tls/quic-protection.ts";
import { alpnExtension, buildHello, serverNameExtension } from "./tls-hello.ts";

/** The parts of an Initial packet; what is left out is what the examples of RFC 9001 have. */
export interface InitialParts {
	readonly version?: number;
	readonly destinationId?: Uint8Array;
	/** The ID that the keys come from: that of the first packet, or the server's behind a Retry. */
	readonly keysFrom?: Uint8Array;
	readonly sourceId?: Uint8Array;
	readonly token?: Uint8Array;
	readonly number?: number;
	readonly frames: Uint8Array;
	/** The frames are padded until the datagram has so many octets. */
	readonly datagramOctets?: number;
}

export const exampleId = Buffer.from("8394c8f03e515708", "hex");

/** One protected packet. */
export function buildInitial(parts: InitialParts): Uint8Array {
	const version = parts.version ?? quicVersion.v1;
	const id = parts.destinationId ?? exampleId;
	const keys = clientInitialKeys(version, parts.keysFrom ?? id);
	if (keys === undefined) throw new Error(`no keys of version ${version}`);
	const number = parts.number ?? 2;
	const type = version === quicVersion.v2 ? 1 : 0;
	const token = parts.token ?? new Uint8Array(0);
	const head = new Writer()
		.u8(0xc0 | (type << 4) | 3)
		.u32(version)
		.prefixed(1, (writer) => writer.bytes(id))
		.prefixed(1, (writer) => writer.bytes(parts.sourceId ?? new Uint8Array(0)))
		.u16(0x4000 | token.length)
		.bytes(token)
		.finish();
	// RFC 9001 writes an empty token's length in one octet.
	const start = token.length === 0 ? concat([head.subarray(0, -2), Uint8Array.of(0)]) : head;
	const padding = (parts.datagramOctets ?? minInitialDatagramOctets) - start.length - 2 - 4 - 16 - parts.frames.length;
	const payload = concat([parts.frames, new Uint8Array(Math.max(0, padding))]);
	const header = new Writer()
		.bytes(start)
		.u16(0x4000 | (4 + payload.length + 16))
		.u32(number)
		.finish();
	const cipher = createCipheriv("aes-128-gcm", keys.key, nonceOf(keys.iv, number));
	cipher.setAAD(header);
	const packet = concat([header, cipher.update(payload), cipher.final(), cipher.getAuthTag()]);
	const mask = headerMask(keys, packet.subarray(header.length, header.length + 16));
	packet[0] = (packet[0] as number) ^ ((mask[0] as number) & 0x0f);
	for (let index = 0; index < 4; index++) {
		const at = header.length - 4 + index;
		packet[at] = (packet[at] as number) ^ (mask[1 + index] as number);
	}
	return packet;
}

/** A CRYPTO frame. */
export function cryptoFrame(offset: number, octets: Uint8Array): Uint8Array {
	return new Writer()
		.u8(6)
		.u32(0x8000_0000 + offset)
		.u16(0x4000 | octets.length)
		.bytes(octets)
		.finish();
}

/** The datagrams by which a client begins: a ClientHello that names this server, in so many pieces of CRYPTO frames. */
export function quicFirstFlight(name: string, pieces: number, version?: number): readonly Uint8Array[] {
	const hello = buildHello({ extensions: [serverNameExtension([0, name]), alpnExtension("h3")] });
	const size = Math.ceil(hello.length / pieces);
	return Array.from({ length: pieces }, (_, index) =>
		buildInitial({
			number: index,
			frames: cryptoFrame(index * size, hello.subarray(index * size, (index + 1) * size)),
			...(version === undefined ? {} : { version }),
		}),
	);
}
