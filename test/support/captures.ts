/** Captures for tests: packets of TCP and UDP conversations, and the files that hold them. */
import { concat, Writer } from "#base/bytes.ts";

export interface TestSegment {
	readonly fromClient: boolean;
	readonly payload?: string | Uint8Array;
	readonly flags?: number;
	/** Octets of the direction before this one; counted when absent. */
	readonly offset?: number;
}

const syn = 0x02;
const ack = 0x10;

/** The Ethernet frames of one TCP conversation, with its handshake. */
export function tcpFrames(segments: readonly TestSegment[], serverPort = 80, clientPort = 40_000): Uint8Array[] {
	const starts = [1_000, 0xffff_fff0];
	const sent = [0, 0];
	const frame = (fromClient: boolean, flags: number, sequence: number, payload: Uint8Array) =>
		tcpFrame(
			fromClient,
			fromClient ? clientPort : serverPort,
			fromClient ? serverPort : clientPort,
			sequence,
			flags,
			payload,
		);
	const frames = [
		frame(true, syn, starts[0] as number, nothing),
		frame(false, syn | ack, starts[1] as number, nothing),
	];
	for (const { fromClient, payload = nothing, flags = ack, offset } of segments) {
		const octets = typeof payload === "string" ? Buffer.from(payload, "latin1") : payload;
		const side = fromClient ? 0 : 1;
		const before = offset ?? (sent[side] as number);
		sent[side] = Math.max(sent[side] as number, before + octets.length);
		frames.push(frame(fromClient, flags, ((starts[side] as number) + 1 + before) >>> 0, octets));
	}
	return frames;
}

function tcpFrame(
	fromClient: boolean,
	sourcePort: number,
	destinationPort: number,
	sequence: number,
	flags: number,
	payload: Uint8Array,
): Uint8Array {
	const tcp = new Writer()
		.u16(sourcePort)
		.u16(destinationPort)
		.u32(sequence)
		.u32(0)
		.u8(0x50)
		.u8(flags)
		.u16(8_192)
		.u32(0);
	return ipv4Frame(fromClient, 6, concat([tcp.finish(), payload]));
}

export function udpFrame(fromClient: boolean, payload: string): Uint8Array {
	const [source, destination] = fromClient ? [5_000, 53] : [53, 5_000];
	const octets = Buffer.from(payload, "latin1");
	const udp = new Writer()
		.u16(source)
		.u16(destination)
		.u16(8 + octets.length)
		.u16(0);
	return ipv4Frame(fromClient, 17, concat([udp.finish(), octets]));
}

function ipv4Frame(fromClient: boolean, protocol: number, body: Uint8Array): Uint8Array {
	const client = Uint8Array.of(192, 0, 2, 1);
	const server = Uint8Array.of(198, 51, 100, 2);
	const writer = new Writer().bytes(new Uint8Array(12)).u16(0x0800);
	writer
		.u8(0x45)
		.u8(0)
		.u16(20 + body.length)
		.u32(0)
		.u8(64)
		.u8(protocol)
		.u16(0);
	writer.bytes(fromClient ? client : server).bytes(fromClient ? server : client);
	return writer.bytes(body).finish();
}

/** A pcap file, big-endian; packets are a millisecond apart, from 2026-11-30 on. */
export function pcapFile(frames: readonly Uint8Array[], linkType = 1): Uint8Array {
	const writer = new Writer().u32(0xa1b2_c3d4).u16(2).u16(4).u32(0).u32(0).u32(65_535).u32(linkType);
	for (const [index, frame] of frames.entries())
		writer
			.u32(1_795_996_800)
			.u32(index * 1_000)
			.u32(frame.length)
			.u32(frame.length)
			.bytes(frame);
	return writer.finish();
}

/** A pcapng file, little-endian, with times in nanoseconds. */
export function pcapngFile(frames: readonly Uint8Array[]): Uint8Array {
	const blocks = [
		block(0x0a0d_0d0a, Buffer.from("4d3c2b1a01000000ffffffffffffffff", "hex")),
		block(1, Buffer.from("010000000000040009000100090000000000000000", "hex").subarray(0, 20)),
	];
	for (const [index, frame] of frames.entries()) {
		const head = Buffer.alloc(20);
		const ticks = (1_795_996_800n * 1_000n + BigInt(index)) * 1_000_000n;
		head.writeUInt32LE(Number(ticks >> 32n), 4);
		head.writeUInt32LE(Number(ticks & 0xffff_ffffn), 8);
		head.writeUInt32LE(frame.length, 12);
		head.writeUInt32LE(frame.length, 16);
		blocks.push(block(6, concat([head, frame, new Uint8Array((4 - (frame.length % 4)) % 4)])));
	}
	return concat(blocks);
}

function block(type: number, body: Uint8Array): Uint8Array {
	const length = Buffer.alloc(4);
	length.writeUInt32LE(12 + body.length);
	const head = Buffer.alloc(4);
	head.writeUInt32LE(type);
	return concat([head, length, body, length]);
}

const nothing = new Uint8Array(0);
