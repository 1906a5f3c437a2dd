/**
 * Key exchanges: Diffie-Hellman over primes and curves, and key encapsulation, behind one pair of functions.
 *
 * The initiator begins and finishes; the responder answers. Private values come from the octets of `random`, so the same
 * octets give the same exchange; only the responder's part of ML-KEM draws its own.
 * Source: RFC 7296 §1.2, RFC 5903 (curves), RFC 8031 (x25519), RFC 6989 (checks of public values), FIPS 203.
 */
import {
	createECDH,
	createPrivateKey,
	createPublicKey,
	decapsulate,
	diffieHellman,
	type ECDH,
	encapsulate,
	type KeyObject,
} from "node:crypto";
import { modpHalf } from "#ike/crypto/modp-exchange.ts";
import type { GroupRow } from "#ike/crypto/transform-table.ts";

/** Gives so many random octets. */
export type RandomOctets = (octets: number) => Uint8Array;

/** The initiator's half of an exchange. */
export interface KeyExchange {
	readonly group: GroupRow;
	readonly publicValue: Uint8Array;
	/** The secret; undefined when the answer is no public value of the group. */
	finish(answer: Uint8Array): Uint8Array | undefined;
}

/** Begins an exchange. */
export function beginKeyExchange(group: GroupRow, random: RandomOctets): KeyExchange {
	switch (group.kind) {
		case "modp":
			return beginModp(group, random);
		case "ecp":
			return beginCurve(group, random);
		case "x25519":
			return beginX25519(group, random);
		case "ml-kem":
			return beginMlKem(group, random);
	}
}

/** Answers an exchange; undefined when the peer's value is no public value of the group. */
export function answerKeyExchange(
	group: GroupRow,
	peerValue: Uint8Array,
	random: RandomOctets,
): { readonly publicValue: Uint8Array; readonly secret: Uint8Array } | undefined {
	if (group.kind === "ml-kem") return answerMlKem(group, peerValue);
	const own = beginKeyExchange(group, random);
	const secret = own.finish(peerValue);
	return secret && { publicValue: own.publicValue, secret };
}

function beginModp(group: GroupRow, random: RandomOctets): KeyExchange {
	const { publicValue, secretWith } = modpHalf(group.engine, random(exponentOctets));
	return { group, publicValue, finish: (answer) => attempt(() => secretWith(answer)) };
}

/** On the wire a point is x and y without the octet 4 before them (RFC 5903 §7). */
function beginCurve(group: GroupRow, random: RandomOctets): KeyExchange {
	const exchange = createECDH(group.engine);
	// A number above the order of the curve is no private key; of random ones at most one in 2^32 is.
	for (let draws = 1; !isScalarSet(exchange, scalarOf(random, group)); draws++)
		if (draws === maxDraws) throw new Error(`no private key of ${group.name} in ${maxDraws} draws`);
	return {
		group,
		publicValue: exchange.getPublicKey().subarray(1),
		finish(answer) {
			if (answer.length !== group.publicOctets) return undefined;
			return attempt(() => exchange.computeSecret(Buffer.concat([Uint8Array.of(4), answer])));
		},
	};
}

function isScalarSet(exchange: ECDH, scalar: Uint8Array): boolean {
	const set = attempt(() => {
		exchange.setPrivateKey(scalar);
		return true;
	});
	return set === true;
}

/** 521 bits stand in 66 octets, of which the first has one bit. */
function scalarOf(random: RandomOctets, group: GroupRow): Uint8Array {
	const scalar = Uint8Array.from(random(group.publicOctets / 2));
	if (group.engine === "secp521r1") scalar[0] = (scalar[0] as number) & 1;
	return scalar;
}

function beginX25519(group: GroupRow, random: RandomOctets): KeyExchange {
	const privateKey = rawPrivateKey(random(32), "raw-private", group.engine);
	return {
		group,
		publicValue: rawPublicOctets(privateKey),
		finish(answer) {
			if (answer.length !== group.publicOctets) return undefined;
			// OpenSSL refuses a secret of zeros, which values of small order give (RFC 7748 §6.1).
			return attempt(() => diffieHellman({ privateKey, publicKey: rawPublicKey(answer, group.engine) }));
		},
	};
}

function beginMlKem(group: GroupRow, random: RandomOctets): KeyExchange {
	const privateKey = rawPrivateKey(random(64), "raw-seed", group.engine);
	return {
		group,
		publicValue: rawPublicOctets(privateKey),
		finish: (answer) => attempt(() => decapsulate(privateKey, answer)),
	};
}

function answerMlKem(group: GroupRow, peerValue: Uint8Array) {
	if (peerValue.length !== group.publicOctets) return undefined;
	return attempt(() => {
		const { ciphertext, sharedKey } = encapsulate(rawPublicKey(peerValue, group.engine));
		return { publicValue: ciphertext, secret: sharedKey };
	});
}

function rawPrivateKey(octets: Uint8Array, format: "raw-private" | "raw-seed", type: string): KeyObject {
	return createPrivateKey({ key: Buffer.from(octets), format, asymmetricKeyType: type } as never);
}

function rawPublicKey(octets: Uint8Array, type: string): KeyObject {
	return createPublicKey({ key: Buffer.from(octets), format: "raw-public", asymmetricKeyType: type } as never);
}

function rawPublicOctets(privateKey: KeyObject): Uint8Array {
	return createPublicKey(privateKey).export({ format: "raw-public" } as never) as unknown as Uint8Array;
}

/** OpenSSL throws for values that it refuses. */
function attempt<T>(compute: () => T): T | undefined {
	try {
		return compute();
	} catch {
		return undefined;
	}
}

/** Twice the strength of the largest group (RFC 3526 §8), with some to spare. */
const exponentOctets = 48;
const maxDraws = 16;
