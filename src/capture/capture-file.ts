/**
 * Files of captured packets: pcap (of both byte orders, in micro- and nanoseconds) and pcapng.
 *
 * Source: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
 */

/** One packet as it was captured. `octets` is a view of the file. */
export interface CapturedPacket {
	/** Milliseconds since 1970, with fractions. */
	readonly at: number;
	/** The kind of its first header (LINKTYPE of the registry). */
	readonly linkType: number;
	readonly octets: Uint8Array;
	/** Counted from 1. */
	readonly number: number;
}

/** What `readCapture` gives. */
export interface Capture {
	readonly packets: Iterable<CapturedPacket>;
	/** After the packets: why they ended early, or undefined when the file is whole. */
	readonly problem: () => string | undefined;
}

/**
 * Opens a capture; a string says why it is none. Packets are read as they are asked for.
 *
 * Bounds: a packet has at most `maxPacketOctets`, a file at most `maxInterfaces` interfaces.
 * Faults: a file that is cut or damaged gives the packets before that place, then a problem.
 */
export function readCapture(file: Uint8Array): Capture | string {
	const view = new DataView(file.buffer, file.byteOffset, file.length);
	if (file.length < 24) return `the file has ${file.length} octets; a capture has at least 24`;
	const magic = view.getUint32(0);
	let problem: string | undefined;
	const say = (text: string) => {
		problem = text;
	};
	const format = pcapFormats.get(magic);
	if (format !== undefined) return { packets: pcapPackets(file, view, format, say), problem: () => problem };
	if (magic === sectionBlock) return { packets: pcapngPackets(file, view, say), problem: () => problem };
	return "the file begins neither as pcap nor as pcapng";
}

interface PcapFormat {
	readonly isLittle: boolean;
	/** Parts of a second that the second field of a time counts. */
	readonly parts: number;
}

function* pcapPackets(
	file: Uint8Array,
	view: DataView,
	{ isLittle, parts }: PcapFormat,
	say: (problem: string) => void,
): Generator<CapturedPacket> {
	const linkType = view.getUint32(20, isLittle) & 0xffff;
	let number = 1;
	for (let at = 24; at < file.length; number++) {
		if (at + 16 > file.length) return say(`the file is cut in the header of packet ${number}`);
		const seconds = view.getUint32(at, isLittle);
		const fraction = view.getUint32(at + 4, isLittle);
		const length = view.getUint32(at + 8, isLittle);
		if (length > maxPacketOctets)
			return say(`packet ${number} says ${length} octets; expected at most ${maxPacketOctets}`);
		if (at + 16 + length > file.length) return say(`the file is cut in packet ${number}`);
		yield {
			at: seconds * 1_000 + (fraction * 1_000) / parts,
			linkType,
			octets: file.subarray(at + 16, at + 16 + length),
			number,
		};
		at += 16 + length;
	}
}

interface Interface {
	readonly linkType: number;
	/** Units of its times in a second. */
	readonly parts: number;
}

function* pcapngPackets(file: Uint8Array, view: DataView, say: (problem: string) => void): Generator<CapturedPacket> {
	let isLittle = false;
	let interfaces: Interface[] = [];
	let number = 1;
	for (let at = 0; at < file.length; ) {
		if (at + 12 > file.length) return say("the file is cut in the header of a block");
		// The byte order stands in the block itself.
		if (view.getUint32(at) === sectionBlock) {
			isLittle = view.getUint32(at + 8) === swappedOrder;
			interfaces = [];
		}
		const type = view.getUint32(at, isLittle);
		const length = view.getUint32(at + 4, isLittle);
		if (length < 12 || length % 4 !== 0) return say(`a block says ${length} octets, which no block has`);
		if (at + length > file.length) return say("the file is cut in a block");
		const body = new DataView(file.buffer, file.byteOffset + at + 8, length - 12);
		at += length;
		if (type === interfaceBlock && interfaces.length < maxInterfaces) interfaces.push(readInterface(body, isLittle));
		const packet = packetOf(type, body, isLittle, interfaces, number);
		if (packet === undefined) continue;
		if (typeof packet === "string") return say(packet);
		number++;
		yield packet;
	}
}

function packetOf(
	type: number,
	body: DataView,
	isLittle: boolean,
	interfaces: readonly Interface[],
	number: number,
): CapturedPacket | string | undefined {
	const isSimple = type === simpleBlock;
	if (!isSimple && type !== packetBlock) return undefined;
	const head = isSimple ? 4 : 20;
	if (body.byteLength < head) return `the block of packet ${number} is too short`;
	const { linkType, parts } = interfaces[isSimple ? 0 : body.getUint32(0, isLittle)] ?? {};
	if (linkType === undefined || parts === undefined)
		return `packet ${number} is of an interface that was not described`;
	const length = isSimple ? Math.min(body.byteLength - 4, body.getUint32(0, isLittle)) : body.getUint32(12, isLittle);
	if (length > maxPacketOctets || head + length > body.byteLength) return `packet ${number} is longer than its block`;
	const ticks = isSimple ? 0 : body.getUint32(4, isLittle) * 0x1_0000_0000 + body.getUint32(8, isLittle);
	return {
		at: (ticks / parts) * 1_000,
		linkType,
		octets: new Uint8Array(body.buffer, body.byteOffset + head, length),
		number,
	};
}

function readInterface(body: DataView, isLittle: boolean): Interface {
	let parts = 1_000_000;
	const linkType = body.byteLength < 8 ? 0 : body.getUint16(0, isLittle);
	for (let at = 8; at + 4 <= body.byteLength; ) {
		const code = body.getUint16(at, isLittle);
		const length = body.getUint16(at + 2, isLittle);
		if (code === 0 || at + 4 + length > body.byteLength) break;
		if (code === resolutionOption && length === 1) {
			const resolution = body.getUint8(at + 4);
			parts = (resolution & 0x80) === 0 ? 10 ** resolution : 2 ** (resolution & 0x7f);
		}
		at += 4 + length + ((4 - (length % 4)) % 4);
	}
	return { linkType, parts };
}

const maxPacketOctets = 262_144;
const maxInterfaces = 1_024;
const sectionBlock = 0x0a0d_0d0a;
const swappedOrder = 0x4d3c_2b1a;
const interfaceBlock = 1;
const simpleBlock = 3;
const packetBlock = 6;
const resolutionOption = 9;
const pcapFormats: ReadonlyMap<number, PcapFormat> = new Map([
	[0xa1b2_c3d4, { isLittle: false, parts: 1_000_000 }],
	[0xd4c3_b2a1, { isLittle: true, parts: 1_000_000 }],
	[0xa1b2_3c4d, { isLittle: false, parts: 1_000_000_000 }],
	[0x4d3c_b2a1, { isLittle: true, parts: 1_000_000_000 }],
]);
