/** Ephemeral keys of the groups that the engine has, made of random octets that come from outside (RFC 8422 §5.10, RFC 7748 §6.1). */
import { createECDH, createPrivateKey, createPublicKey, diffieHellman } from "node:crypto";

/** A key of one's own, to be used once. */
export interface EphemeralKey {
	readonly group: number;
	/** As it stands in the exchange: X25519 bare, points uncompressed. */
	readonly publicKey: Uint8Array;
	/** The shared secret; undefined when the peer's key is none of the group, or a point that makes no secret. */
	agree(peer: Uint8Array): Uint8Array | undefined;
}

/** In our order of preference. */
export const dtlsGroups: readonly number[] = [0x001d, 0x0017, 0x0018];

/** Makes a key. `random` answers so many random octets. The group must be one of `dtlsGroups`. */
export function ephemeralKey(group: number, random: (octets: number) => Uint8Array): EphemeralKey {
	if (group === x25519) return x25519Key(random(32));
	const curve = curves.get(group);
	if (curve === undefined) throw new Error(`key agreement: no group ${group}`);
	return curveKey(group, curve, random);
}

function x25519Key(secret: Uint8Array): EphemeralKey {
	const der = Buffer.concat([x25519PrivatePrefix, secret]);
	const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
	const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
	return {
		group: x25519,
		publicKey: spki.subarray(-32),
		agree(peer) {
			if (peer.length !== 32) return undefined;
			const key = Buffer.concat([x25519PublicPrefix, peer]);
			try {
				const shared = diffieHellman({ privateKey, publicKey: createPublicKey({ key, format: "der", type: "spki" }) });
				// RFC 7748 §6.1: a secret of zeros comes from a point of small order.
				return shared.every((octet) => octet === 0) ? undefined : shared;
			} catch {
				return undefined;
			}
		},
	};
}

function curveKey(group: number, { name, octets }: Curve, random: (octets: number) => Uint8Array): EphemeralKey {
	const ecdh = createECDH(name);
	// A scalar that is not below the order is as likely as two equal keys: the next draw is another.
	for (let attempt = 0; ; attempt++) {
		try {
			ecdh.setPrivateKey(random(octets));
			break;
		} catch (error) {
			if (attempt === maxAttempts) throw error;
		}
	}
	return {
		group,
		publicKey: ecdh.getPublicKey(),
		agree(peer) {
			if (peer.length !== 1 + 2 * octets || peer[0] !== uncompressed) return undefined;
			try {
				return ecdh.computeSecret(peer);
			} catch {
				// Not on the curve.
				return undefined;
			}
		},
	};
}

interface Curve {
	readonly name: string;
	readonly octets: number;
}

const x25519 = 0x001d;
const curves: ReadonlyMap<number, Curve> = new Map([
	[0x0017, { name: "prime256v1", octets: 32 }],
	[0x0018, { name: "secp384r1", octets: 48 }],
]);
const uncompressed = 4;
const maxAttempts = 16;
const x25519PrivatePrefix = Buffer.from("302e020100300506032b656e04220420", "hex");
const x25519PublicPrefix = Buffer.from("302a300506032b656e032100", "hex");
