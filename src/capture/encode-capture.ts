/**
 * A pcap file of what an opened session said: made-up packets of TCP or UDP between its ends, with sequence numbers that are
 * right, and of TCP a handshake, by which readers know who is the client. Link type 101: each packet begins with its IP header.
 *
 *   file header (24 octets) | for each packet: header (16 octets) | IPv4 or IPv6 | TCP or UDP | payload
 *
 * Source: draft-ietf-opsawg-pcap, RFC 791, RFC 8200, RFC 9293, RFC 768.
 */
import type { Address } from "#base/address.ts";
import { concat, Writer } from "#base/bytes.ts";

export interface CaptureEnds {
	readonly transport: "tcp" | "udp";
	readonly client: { readonly address: Address; readonly port: number };
	readonly server: { readonly address: Address; readonly port: number };
}

export interface CapturePiece {
	/** Milliseconds since 1970. */
	readonly at: number;
	/** 0 to the server, 1 to the client. */
	readonly direction: 0 | 1;
	/** Octets of its direction before it, and of the other one by then. */
	readonly offset: number;
	readonly received: number;
	/** At most `maxPayload`; what is beyond is left out. */
	readonly octets: Uint8Array;
}

/** Ends of different families are both shown as IPv6. */
export function encodeCapture(ends: CaptureEnds, pieces: readonly CapturePiece[]): Uint8Array {
	const header = new Writer().u32(0xa1b2_c3d4).u16(2).u16(4).u32(0).u32(0).u32(maxPacket).u32(linkRaw);
	const same = sameFamily(ends);
	const handshake = ends.transport === "tcp" ? handshakeBefore(pieces[0]) : [];
	const packets = [...handshake, ...pieces.map((piece) => ({ ...piece, flags: pushAck }))];
	return concat([header.finish(), ...packets.flatMap((piece) => packet(same, piece))]);
}

type Packet = CapturePiece & { readonly flags: number };

/** Just before the first octet that is shown of each direction. */
function handshakeBefore(first: CapturePiece | undefined): readonly Packet[] {
	if (first === undefined) return [];
	const { at, direction, offset, received } = first;
	const [sent, answered] = direction === 0 ? [offset, received] : [received, offset];
	const octets = new Uint8Array(0);
	return [
		{ at, direction: 0, offset: sent - 1, received: -1, octets, flags: syn },
		{ at, direction: 1, offset: answered - 1, received: sent, octets, flags: syn | ack },
	];
}

function packet(ends: CaptureEnds, piece: Packet): readonly Uint8Array[] {
	const [from, to] = piece.direction === 0 ? [ends.client, ends.server] : [ends.server, ends.client];
	const payload = piece.octets.subarray(0, maxPayload);
	const isTcp = ends.transport === "tcp";
	const segment = isTcp ? tcp(from.port, to.port, piece, payload) : udp(from.port, to.port, payload);
	const protocol = isTcp ? 6 : 17;
	const pseudo = pseudoHeader(from.address, to.address, protocol, segment.length);
	const sum = checksum([pseudo, segment]);
	// A sum of zero would mean none in UDP.
	new DataView(segment.buffer, segment.byteOffset).setUint16(isTcp ? 16 : 6, isTcp || sum !== 0 ? sum : 0xffff);
	const network = ip(from.address, to.address, protocol, segment.length);
	const length = network.length + segment.length;
	const seconds = Math.floor(piece.at / 1_000);
	const micros = Math.floor((piece.at - seconds * 1_000) * 1_000);
	return [new Writer().u32(seconds).u32(micros).u32(length).u32(length).finish(), network, segment];
}

function tcp(from: number, to: number, { offset, received, flags }: Packet, payload: Uint8Array): Uint8Array {
	const header = new Writer().u16(from).u16(to).u32(wrapped(offset)).u32(wrapped(received)).u8(0x50).u8(flags);
	return concat([header.u16(0xffff).u32(0).finish(), payload]);
}

function udp(from: number, to: number, payload: Uint8Array): Uint8Array {
	return concat([
		new Writer()
			.u16(from)
			.u16(to)
			.u16(8 + payload.length)
			.u16(0)
			.finish(),
		payload,
	]);
}

function ip(from: Address, to: Address, protocol: number, length: number): Uint8Array {
	if (from.octets.length === 16) {
		const header = new Writer().u32(0x6000_0000).u16(length).u8(protocol).u8(64);
		return concat([header.finish(), from.octets, to.octets]);
	}
	const begin = new Writer()
		.u8(0x45)
		.u8(0)
		.u16(20 + length)
		.u16(0)
		.u16(0x4000)
		.u8(64)
		.u8(protocol)
		.u16(0);
	const header = concat([begin.finish(), from.octets, to.octets]);
	new DataView(header.buffer, header.byteOffset).setUint16(10, checksum([header]));
	return header;
}

function pseudoHeader(from: Address, to: Address, protocol: number, length: number): Uint8Array {
	return concat([from.octets, to.octets, new Writer().u32(length).u32(protocol).finish()]);
}

/** Of octets that stand behind each other; all but the last are even in number. */
function checksum(parts: readonly Uint8Array[]): number {
	let sum = 0;
	for (const part of parts)
		for (let at = 0; at < part.length; at += 2) sum += ((part[at] ?? 0) << 8) | (part[at + 1] ?? 0);
	while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000);
	return ~sum & 0xffff;
}

function sameFamily(ends: CaptureEnds): CaptureEnds {
	const { client, server } = ends;
	if (client.address.octets.length === server.address.octets.length) return ends;
	const mapped = <E extends CaptureEnds["client"]>(end: E): E =>
		end.address.octets.length === 16 ? end : { ...end, address: { octets: concat([ipv4Mapped, end.address.octets]) } };
	return { ...ends, client: mapped(client), server: mapped(server) };
}

/** The first octet of each direction has number 1, as behind a handshake that began at 0. */
function wrapped(offset: number): number {
	return (offset + 1) % 0x1_0000_0000;
}

/** ::ffff:0:0/96 (RFC 4291 §2.5.5.2). */
const ipv4Mapped = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff);
const linkRaw = 101;
const syn = 0x02;
const ack = 0x10;
const pushAck = 0x18;
const maxPacket = 65_535;
const maxPayload = 65_000;
