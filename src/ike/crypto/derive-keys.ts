/** Keys from the secret of a key exchange (RFC 7296 §2.14, §2.17, §2.18). */
import { concat } from "#base/bytes.ts";
import { prf, prfPlus } from "#ike/crypto/prf.ts";
import type { CipherRow, IntegrityRow, PrfRow } from "#ike/crypto/transform-table.ts";

/** What an association of IKE agreed on. `integrity` is absent when the cipher authenticates. */
export interface IkeAlgorithms {
	readonly cipher: CipherRow;
	readonly integrity?: IntegrityRow;
	readonly prf: PrfRow;
}

/** What an association of ESP agreed on. */
export interface EspAlgorithms {
	readonly cipher: CipherRow;
	readonly integrity?: IntegrityRow;
	readonly hasExtendedSequenceNumbers: boolean;
}

/** Keys of one direction: cipher key and salt together, and the key of the integrity algorithm (empty for AEAD). */
export interface DirectionKeys {
	readonly encryption: Uint8Array;
	readonly integrity: Uint8Array;
}

export interface IkeKeys {
	/** SK_d: what keys of child associations, and the next keys of IKE, are made from. */
	readonly derivation: Uint8Array;
	/** SK_ei, SK_ai: what the original initiator sends with. */
	readonly initiator: DirectionKeys;
	/** SK_er, SK_ar. */
	readonly responder: DirectionKeys;
	/** SK_pi, SK_pr: what identities are authenticated with. */
	readonly initiatorIdentity: Uint8Array;
	readonly responderIdentity: Uint8Array;
}

/** The nonces and SPIs of an exchange. */
export interface ExchangeInputs {
	readonly initiatorNonce: Uint8Array;
	readonly responderNonce: Uint8Array;
	readonly initiatorSpi: Uint8Array;
	readonly responderSpi: Uint8Array;
}

/** SKEYSEED of the first exchange: prf(Ni | Nr, g^ir). */
export function firstKeySeed(row: PrfRow, inputs: ExchangeInputs, secret: Uint8Array): Uint8Array {
	return prf(row, concat([inputs.initiatorNonce, inputs.responderNonce]), secret);
}

/**
 * SKEYSEED of a rekeyed association: prf(SK_d of the old, g^ir | Ni | Nr), with the old one's function (§2.18). `more`: the
 * secrets of further exchanges, behind the nonces (RFC 9370 §2.2.4). Each further exchange of a first negotiation makes new
 * keys by the same formula (RFC 9370 §2.2.2).
 */
export function nextKeySeed(
	row: PrfRow,
	oldDerivation: Uint8Array,
	inputs: ExchangeInputs,
	secret: Uint8Array,
	more: readonly Uint8Array[] = [],
): Uint8Array {
	return prf(row, oldDerivation, secret, inputs.initiatorNonce, inputs.responderNonce, ...more);
}

/** SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr = prf+(SKEYSEED, Ni | Nr | SPIi | SPIr). */
export function deriveIkeKeys(algorithms: IkeAlgorithms, seed: Uint8Array, inputs: ExchangeInputs): IkeKeys {
	const { cipher, integrity, prf: row } = algorithms;
	const encryptionOctets = cipher.keyOctets + cipher.saltOctets;
	const integrityOctets = integrity?.keyOctets ?? 0;
	const context = [inputs.initiatorNonce, inputs.responderNonce, inputs.initiatorSpi, inputs.responderSpi];
	const total = 3 * row.octets + 2 * encryptionOctets + 2 * integrityOctets;
	const take = taker(prfPlus(row, seed, concat(context), total));
	const derivation = take(row.octets);
	const [ai, ar] = [take(integrityOctets), take(integrityOctets)];
	const [ei, er] = [take(encryptionOctets), take(encryptionOctets)];
	return {
		derivation,
		initiator: { encryption: ei, integrity: ai },
		responder: { encryption: er, integrity: ar },
		initiatorIdentity: take(row.octets),
		responderIdentity: take(row.octets),
	};
}

/**
 * KEYMAT of a child association = prf+(SK_d, [g^ir |] Ni | Nr): first what its initiator sends with, encryption before
 * integrity. `secret` is that of an exchange of its own, or empty (B29); `more`: those of further exchanges (RFC 9370 §2.2.4).
 */
export function deriveChildKeys(
	row: PrfRow,
	derivation: Uint8Array,
	{ cipher, integrity }: EspAlgorithms,
	nonces: Pick<ExchangeInputs, "initiatorNonce" | "responderNonce">,
	secret: Uint8Array,
	more: readonly Uint8Array[] = [],
): { readonly initiator: DirectionKeys; readonly responder: DirectionKeys } {
	const encryptionOctets = cipher.keyOctets + cipher.saltOctets;
	const integrityOctets = integrity?.keyOctets ?? 0;
	const seed = concat([secret, nonces.initiatorNonce, nonces.responderNonce, ...more]);
	const take = taker(prfPlus(row, derivation, seed, 2 * (encryptionOctets + integrityOctets)));
	const initiator = { encryption: take(encryptionOctets), integrity: take(integrityOctets) };
	return { initiator, responder: { encryption: take(encryptionOctets), integrity: take(integrityOctets) } };
}

function taker(material: Uint8Array): (octets: number) => Uint8Array {
	let at = 0;
	return (octets) => {
		at += octets;
		return material.slice(at - octets, at);
	};
}
