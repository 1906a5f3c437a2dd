/** A child association as the engine keeps it: what it is for, how long it lives, who is replacing it. */
import type { ChildConfig } from "#ike/v2/connection.ts";
import type { Lifetime } from "#ike/v2/lifetime.ts";
import type { TrafficSelector } from "#ike/wire/traffic-selector.ts";

export interface ChildSa {
	/** Another one when the configuration changes in what keeps this association as it is. */
	config: ChildConfig;
	readonly inboundSpi: number;
	readonly outboundSpi: number;
	readonly localSelectors: readonly TrafficSelector[];
	readonly remoteSelectors: readonly TrafficSelector[];
	readonly hardAt: number;
	/** When new keys are asked for; infinity once somebody has. */
	softAt: number;
	/** When traffic was seen last; at first when it was made. */
	usedAt: number;
	/** `replaced`: there is a newer one, and whoever made that deletes this one. `deleting`: we have told the peer. */
	state: "installed" | "replaced" | "deleting";
	/** The replacement that the peer has made, and the lower of the nonces that made it (RFC 7296 §2.8.1). */
	peerReplacement?: { readonly child: ChildSa; readonly lowNonce: Uint8Array };
}

/** The SPI as a number. */
export function spiNumber(spi: Uint8Array): number {
	return new DataView(spi.buffer, spi.byteOffset, 4).getUint32(0);
}

/** The SPI as octets. */
export function spiOctets(spi: number): Uint8Array {
	const octets = new Uint8Array(4);
	new DataView(octets.buffer).setUint32(0, spi);
	return octets;
}

/** The SPI for messages: eight hexadecimal digits. */
export function spiText(spi: number): string {
	return spi.toString(16).padStart(8, "0");
}

/** The lower of two nonces, octet by octet; a shorter one that the other begins with is the lower (RFC 7296 §2.8.1). */
export function lowerNonce(one: Uint8Array, other: Uint8Array): Uint8Array {
	return Buffer.compare(one, other) <= 0 ? one : other;
}

/** What is to be asked for again after a time, as the lifetime says at first. */
export function childFrom(
	agreed: Pick<ChildSa, "config" | "inboundSpi" | "outboundSpi" | "localSelectors" | "remoteSelectors">,
	{ softAt, hardAt }: Lifetime,
	now: number,
): ChildSa {
	return { ...agreed, softAt, hardAt, usedAt: now, state: "installed" };
}

/** When it has been idle for too long; infinity when that is no matter. */
export function idleAt({ config, usedAt, state }: ChildSa): number {
	if (config.idleTime === undefined || state !== "installed") return Number.POSITIVE_INFINITY;
	return usedAt + config.idleTime;
}
