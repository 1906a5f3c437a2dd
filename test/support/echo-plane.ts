/** A data plane of ESP that sends echo requests and counts answers: packets of ESP without a device. */
import { randomFillSync } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { InboundAssociation } from "#esp/inbound-association.ts";
import { decodeInnerPacket } from "#esp/inner-packet.ts";
import { mayComeIn, mayGoOut } from "#esp/match-selector.ts";
import { OutboundAssociation } from "#esp/outbound-association.ts";
import type { Path } from "#ike/v2/connection.ts";
import type { ChildAssociation } from "#ike/v2/engine-event.ts";
import { addressOf } from "./ike-network.ts";

interface Entry {
	readonly child: ChildAssociation;
	readonly inbound: InboundAssociation;
	readonly outbound: OutboundAssociation;
}

export class EchoPlane {
	readonly #own: Uint8Array;
	readonly #peer: Uint8Array;
	readonly #send: (packet: Uint8Array, path: Path) => void;
	readonly #entries = new Map<number, Entry>();
	readonly #answered = new Set<number>();
	#next = 1;

	constructor(own: string, peer: string, send: (packet: Uint8Array, path: Path) => void) {
		this.#own = addressOf(own).octets;
		this.#peer = addressOf(peer).octets;
		this.#send = send;
	}

	install(child: ChildAssociation): void {
		const { algorithms: protection, inboundSpi, outboundSpi, inboundKeys, outboundKeys } = child;
		const fillRandom = (octets: Uint8Array) => void randomFillSync(octets);
		this.#entries.set(inboundSpi, {
			child,
			inbound: new InboundAssociation({ spi: inboundSpi, protection, keys: inboundKeys, replayWindow: 64 }),
			outbound: new OutboundAssociation({ spi: outboundSpi, protection, keys: outboundKeys, fillRandom }),
		});
	}

	remove(inboundSpi: number): void {
		this.#entries.delete(inboundSpi);
	}

	receive(packet: Uint8Array): void {
		const spi = Buffer.from(packet).readUInt32BE();
		const entry = this.#entries.get(spi);
		const inner = new Uint8Array(2_048);
		const octets = entry?.inbound.open(packet, inner) ?? -1;
		if (entry === undefined || octets < 0 || entry.inbound.nextHeader !== 4) return;
		const decoded = decodeInnerPacket(inner.subarray(0, octets));
		if (decoded.kind !== "done" || !mayComeIn(entry.child, decoded.value)) return;
		const isAnswer = decoded.value.protocol === 1 && inner[20] === 0;
		if (isAnswer) this.#answered.add(((inner[26] ?? 0) << 8) | (inner[27] ?? 0));
	}

	/** Sends requests with so many octets of data, each again once, and gives how many were answered. */
	async ping(count: number, octets: number): Promise<number> {
		const numbers = Array.from({ length: count }, () => this.#next++);
		for (let attempt = 0; attempt < 40; attempt++) {
			const missing = numbers.filter((number) => !this.#answered.has(number));
			if (missing.length === 0) break;
			if (attempt % 10 === 0) for (const number of missing) this.#request(number, octets);
			await sleep(25);
		}
		return numbers.filter((number) => this.#answered.has(number)).length;
	}

	#request(number: number, octets: number): void {
		const entry = [...this.#entries.values()].at(-1);
		const inner = this.#echoRequest(number, octets);
		const decoded = decodeInnerPacket(inner);
		if (entry === undefined || decoded.kind !== "done" || !mayGoOut(entry.child, decoded.value)) return;
		const packet = new Uint8Array(entry.outbound.sealedOctets(inner.length));
		this.#send(packet.subarray(0, entry.outbound.seal(inner, 4, packet)), entry.child.path);
	}

	#echoRequest(number: number, octets: number): Uint8Array {
		const packet = new Uint8Array(28 + octets);
		packet.set([
			0x45,
			0,
			packet.length >> 8,
			packet.length & 0xff,
			0,
			0,
			0,
			0,
			64,
			1,
			0,
			0,
			...this.#own,
			...this.#peer,
		]);
		packet.set([8, 0, 0, 0, 0x12, 0x34, number >> 8, number & 0xff], 20);
		writeChecksum(packet, 0, 20, 10);
		writeChecksum(packet, 20, packet.length, 22);
		return packet;
	}
}

function writeChecksum(packet: Uint8Array, from: number, to: number, at: number): void {
	let sum = 0;
	for (let index = from; index < to; index += 2) sum += ((packet[index] ?? 0) << 8) | (packet[index + 1] ?? 0);
	while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
	packet.set([(~sum >> 8) & 0xff, ~sum & 0xff], at);
}
