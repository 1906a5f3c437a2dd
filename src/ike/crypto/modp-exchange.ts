/**
 * Diffie-Hellman modulo a prime, through keys in DER: unlike `createDiffieHellman`, which tests the prime for seconds each time,
 * OpenSSL takes a key with its group as it is.
 */
import { createPrivateKey, createPublicKey, diffieHellman } from "node:crypto";
import { type ModpParameters, modpParameters } from "#ike/crypto/modp-primes.ts";
import { DerReader, derBitString, derInteger, derOctetString, derOid, derSequence, derTag } from "#pki/der.ts";

/** One end's half of an exchange. */
export interface ModpHalf {
	/** As long as the prime. */
	readonly publicValue: Uint8Array;
	/** The secret, as long as the prime; undefined when the value is no public value of the group. */
	secretWith(peerValue: Uint8Array): Uint8Array | undefined;
}

/** The half of a private exponent; `engine` names the group in the table of groups. */
export function modpHalf(engine: string, exponent: Uint8Array): ModpHalf {
	const parameters = modpParameters(engine);
	const { prime, generator } = parameters;
	const algorithm = derSequence(derOid(dhKeyAgreement), derSequence(derInteger(prime), derInteger(generator)));
	const der = derSequence(derInteger(0), algorithm, derOctetString(derInteger(exponent)));
	const privateKey = createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });
	const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
	return {
		publicValue: padded(publicValueOf(spki), prime.length),
		secretWith(peerValue) {
			if (!isPublicValue(peerValue, parameters)) return undefined;
			const peer = derSequence(algorithm, derBitString(derInteger(peerValue)));
			const publicKey = createPublicKey({ key: Buffer.from(peer), format: "der", type: "spki" });
			return padded(diffieHellman({ privateKey, publicKey }), prime.length);
		},
	};
}

/** As long as the prime, "1 < y < p-1", and within the subgroup where there is one (RFC 6989 §2.1, §2.2). */
function isPublicValue(value: Uint8Array, { prime, order }: ModpParameters): boolean {
	if (value.length !== prime.length) return false;
	const [y, p] = [toNumber(value), toNumber(prime)];
	if (y <= 1n || y >= p - 1n) return false;
	return order === undefined || power(y, order, p) === 1n;
}

function publicValueOf(spki: Uint8Array): Uint8Array {
	const info = new DerReader(spki).open(derTag.sequence, "key");
	info.element("algorithm");
	return new DerReader(info.wholeBitString("key")).integer("public value");
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
	let result = 1n;
	let square = base % modulus;
	for (let left = exponent; left > 0n; left >>= 1n) {
		if ((left & 1n) === 1n) result = (result * square) % modulus;
		square = (square * square) % modulus;
	}
	return result;
}

/** Of that length: zeros in front are put there or taken away. */
function padded(octets: Uint8Array, length: number): Uint8Array {
	const whole = new Uint8Array(length);
	const significant = octets.subarray(Math.max(0, octets.length - length));
	whole.set(significant, length - significant.length);
	return whole;
}

function toNumber(octets: Uint8Array): bigint {
	return BigInt(`0x${Buffer.from(octets).toString("hex")}`);
}

const dhKeyAgreement = "1.2.840.113549.1.3.1";
