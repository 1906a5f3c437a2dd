/** Packets of TCP for tests, with right checksums. */
import { internetChecksum, writeU16 } from "#esp/header-words.ts";

export interface TcpParts {
	readonly version?: 4 | 6;
	readonly sequence?: number;
	readonly flags?: number;
	/** Octets of options, a multiple of 4. */
	readonly options?: readonly number[];
	readonly payload: Uint8Array;
	readonly identification?: number;
	readonly mayBeFragmented?: boolean;
	readonly trafficClass?: number;
	readonly port?: number;
}

export function tcpPacket(parts: TcpParts): Uint8Array {
	const { version = 4, sequence = 1_000, flags = 0x10, options = [], payload, port = 80 } = parts;
	const ip = version === 4 ? 20 : 40;
	const tcp = 20 + options.length;
	const packet = new Uint8Array(ip + tcp + payload.length);
	const view = new DataView(packet.buffer);
	if (version === 4) {
		packet.set([0x45, parts.trafficClass ?? 0, 0, 0, 0, 0, parts.mayBeFragmented === true ? 0 : 0x40, 0, 64, 6]);
		packet.set([10, 1, 0, 1, 10, 2, 0, 1], 12);
		view.setUint16(4, parts.identification ?? 7);
		view.setUint16(2, packet.length);
		writeU16(packet, 10, internetChecksum(packet.subarray(0, 20)));
	} else {
		packet.set([0x60, 0, 0, 0, 0, 0, 6, 64]);
		packet[23] = 1;
		packet[39] = 2;
		view.setUint16(4, tcp + payload.length);
	}
	view.setUint16(ip, 4_000);
	view.setUint16(ip + 2, port);
	view.setUint32(ip + 4, sequence);
	packet.set([0, 0, 0, 9, ((tcp / 4) << 4) & 0xff, flags, 0xff, 0xff], ip + 8);
	packet.set(options, ip + 20);
	packet.set(payload, ip + tcp);
	writeU16(packet, ip + 16, tcpChecksum(packet));
	return packet;
}

/** What stands for the checksum of TCP; 0 over a packet whose checksum is right. */
export function tcpChecksum(packet: Uint8Array): number {
	const ip = (packet[0] as number) >> 4 === 4 ? 20 : 40;
	const octets = packet.length - ip;
	let pseudo = 6 + octets;
	for (let at = ip === 20 ? 12 : 8; at < ip; at += 2)
		pseudo += ((packet[at] as number) << 8) | (packet[at + 1] as number);
	return internetChecksum(packet.subarray(ip), pseudo);
}
