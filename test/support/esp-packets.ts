/** Associations and packets of ESP for tests: in a memory of their own, with the functions of Node. */
import { randomFillSync } from "node:crypto";
import { plainMemory } from "#base/packet-memory.ts";
import { InboundAssociation } from "#esp/inbound-association.ts";
import { OutboundAssociation } from "#esp/outbound-association.ts";
import { nodeCiphers } from "#esp/packet-cipher.ts";
import type { EspKeys, EspProtection } from "#esp/protection.ts";
import { RandomPool } from "#esp/random-pool.ts";

export const randomPool = () => new RandomPool((octets) => void randomFillSync(octets));

/** Where packets are put: behind the scratch octets, with room before. */
export const placeAt = 512;

interface Parts {
	readonly spi: number;
	readonly protection: EspProtection;
	readonly keys: EspKeys;
}

/** An association that seals copies. */
export function sealer(parts: Parts & { readonly sequence?: number }) {
	const memory = plainMemory(80_000);
	const outbound = new OutboundAssociation({ ...parts, ciphers: nodeCiphers(memory), random: randomPool() });
	/** The packet of ESP; of no octets when the numbers are used up. */
	const seal = (inner: Uint8Array, nextHeader = 4): Uint8Array => {
		memory.octets.set(inner, placeAt);
		const at = placeAt - outbound.prefixOctets;
		return memory.octets.slice(at, at + outbound.seal(placeAt, inner.length, nextHeader));
	};
	return { outbound, seal };
}

/** An association that opens copies. */
export function opener(parts: Parts & { readonly replayWindow: number }) {
	const memory = plainMemory(80_000);
	const inbound = new InboundAssociation({ ...parts, ciphers: nodeCiphers(memory) });
	let opened = new Uint8Array(0);
	/** Octets, or why not; the octets are `last`. */
	const open = (packet: Uint8Array): number => {
		memory.octets.fill(0, placeAt);
		memory.octets.set(packet, placeAt);
		const octets = inbound.open(placeAt, packet.length);
		const at = placeAt + inbound.prefixOctets;
		opened = memory.octets.slice(at, at + Math.max(0, octets));
		return octets;
	};
	return { inbound, open, last: () => opened };
}
