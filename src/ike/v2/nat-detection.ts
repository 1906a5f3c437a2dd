/** Whether addresses are translated on the way: both ends send hashes of what they believe (RFC 7296 §2.23; B45). */
import { createHash } from "node:crypto";
import { equalBytes } from "#base/bytes.ts";
import type { Path, Place } from "#ike/v2/connection.ts";
import { notifyType } from "#ike/wire/notify-type.ts";
import type { Payload } from "#ike/wire/payload.ts";

/** The SPIs of the message that carries the hashes. */
export interface MessageSpis {
	readonly initiatorSpi: Uint8Array;
	readonly responderSpi: Uint8Array;
}

export interface NatSituation {
	readonly isPeerBehindNat: boolean;
	readonly isSelfBehindNat: boolean;
	/** The peer sent no hashes: it does not do NAT traversal. */
	readonly isUnsupported: boolean;
}

/** The two notifications of this end. */
export function natDetectionPayloads(spis: MessageSpis, { local, remote }: Path): readonly Payload[] {
	return [
		notifyOf(notifyType.NAT_DETECTION_SOURCE_IP, natHash(spis, local)),
		notifyOf(notifyType.NAT_DETECTION_DESTINATION_IP, natHash(spis, remote)),
	];
}

/** What the peer's notifications say about a datagram that came over the path. */
export function detectNat(payloads: readonly Payload[], spis: MessageSpis, { local, remote }: Path): NatSituation {
	const hashesOf = (type: number) =>
		payloads.flatMap((one) => (one.type === "notify" && one.notify === type ? [one.data] : []));
	const sources = hashesOf(notifyType.NAT_DETECTION_SOURCE_IP);
	const destinations = hashesOf(notifyType.NAT_DETECTION_DESTINATION_IP);
	if (sources.length === 0 || destinations.length === 0)
		return { isPeerBehindNat: false, isSelfBehindNat: false, isUnsupported: true };
	const seenPeer = natHash(spis, remote);
	const seenSelf = natHash(spis, local);
	return {
		isPeerBehindNat: !sources.some((hash) => equalBytes(hash, seenPeer)),
		isSelfBehindNat: !destinations.some((hash) => equalBytes(hash, seenSelf)),
		isUnsupported: false,
	};
}

function natHash({ initiatorSpi, responderSpi }: MessageSpis, { address, port }: Place): Uint8Array {
	const hash = createHash("sha1").update(initiatorSpi).update(responderSpi).update(address.octets);
	return hash.update(Uint8Array.of(port >> 8, port & 0xff)).digest();
}

function notifyOf(notify: number, data: Uint8Array): Payload {
	return { type: "notify", protocol: 0, spi: new Uint8Array(0), notify, data };
}
