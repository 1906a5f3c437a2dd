/**
 * What may be agreed, as rows of algorithms, and what of it goes on the wire.
 *
 * A proposal of the configuration names one algorithm of each kind, so it is one proposal on the wire.
 */
import {
	type CipherRow,
	cipherNamed,
	type GroupRow,
	groupNamed,
	type IntegrityRow,
	integrityNamed,
	type PrfRow,
	prfNamed,
} from "#ike/crypto/transform-table.ts";
import { type Proposal, protocolId, type Transform, transformType } from "#ike/wire/security-association.ts";

/** One choice for an association of IKE. */
export interface IkeProposal {
	readonly cipher: CipherRow;
	readonly integrity?: IntegrityRow;
	readonly prf: PrfRow;
	readonly group: GroupRow;
	/** Further exchanges, in this order (RFC 9370); at most seven, all different. */
	readonly additional?: readonly GroupRow[];
}

/** One choice for an association of ESP. `group` is the exchange of its own for forward secrecy (B29). */
export interface EspProposal {
	readonly cipher: CipherRow;
	readonly integrity?: IntegrityRow;
	readonly group?: GroupRow;
	/** Further exchanges after that of `group`. */
	readonly additional?: readonly GroupRow[];
	/** Sequence numbers of 64 bits (RFC 4304). */
	readonly hasExtendedSequenceNumbers: boolean;
}

/** A proposal for IKE from the names of the configuration; a cipher that authenticates takes its hash for the PRF alone. */
export function ikeProposal(cipherName: string, hashName: string | undefined, groupName: string): IkeProposal {
	const cipher = cipherNamed(cipherName);
	const hash = hashes[hashName ?? defaultHash];
	if (hash === undefined) throw new RangeError(`no hash is called ${hashName}`);
	const group = groupNamed(groupName);
	if (cipher.tagOctets > 0) return { cipher, prf: prfNamed(hash.prf), group };
	return { cipher, integrity: integrityNamed(hash.integrity), prf: prfNamed(hash.prf), group };
}

/** A proposal for ESP from the names of the configuration. */
export function espProposal(
	cipherName: string,
	integrityName: string | undefined,
	groupName?: string,
	hasExtendedSequenceNumbers = false,
): EspProposal {
	const cipher = cipherNamed(cipherName);
	const group = groupName === undefined ? {} : { group: groupNamed(groupName) };
	if (cipher.tagOctets > 0) return { cipher, ...group, hasExtendedSequenceNumbers };
	if (integrityName === undefined) throw new RangeError(`${cipherName} needs an algorithm that authenticates`);
	return { cipher, integrity: integrityNamed(integrityName), ...group, hasExtendedSequenceNumbers };
}

/** The same with further exchanges, by their names (RFC 9370). */
export function withAdditional<T extends IkeProposal | EspProposal>(proposal: T, names: readonly string[]): T {
	return names.length === 0 ? proposal : { ...proposal, additional: names.map(groupNamed) };
}

/** Proposals for IKE on the wire; `spi` is empty in the first exchange. */
export function encodeIkeProposals(proposals: readonly IkeProposal[], spi: Uint8Array): readonly Proposal[] {
	return proposals.map((one, index) => {
		const transforms = [encryption(one.cipher), { type: transformType.prf, id: one.prf.id }];
		if (one.integrity !== undefined) transforms.push({ type: transformType.integrity, id: one.integrity.id });
		transforms.push({ type: transformType.keyExchange, id: one.group.id }, ...additionalTransforms(one));
		return { number: index + 1, protocol: protocolId.ike, spi, transforms };
	});
}

/** Proposals for ESP on the wire. In IKE_AUTH there is no exchange of its own: `withGroup` is false (RFC 7296 §1.2). */
export function encodeEspProposals(
	proposals: readonly EspProposal[],
	spi: Uint8Array,
	withGroup: boolean,
): readonly Proposal[] {
	return proposals.map((one, index) => {
		const transforms = [encryption(one.cipher)];
		if (one.integrity !== undefined) transforms.push({ type: transformType.integrity, id: one.integrity.id });
		if (withGroup && one.group !== undefined)
			transforms.push({ type: transformType.keyExchange, id: one.group.id }, ...additionalTransforms(one));
		transforms.push({ type: transformType.extendedSequenceNumbers, id: one.hasExtendedSequenceNumbers ? 1 : 0 });
		return { number: index + 1, protocol: protocolId.esp, spi, transforms };
	});
}

/** `aes-256-cbc/hmac-sha-256-128/hmac-sha256/group14`, for messages; further exchanges behind it: `group14/ml-kem-768`. */
export function describeProposal(proposal: IkeProposal | EspProposal): string {
	const { cipher, integrity, group, additional = [] } = proposal;
	const row = "prf" in proposal ? proposal.prf.name : undefined;
	const exchanges = group && [group, ...additional].map(({ name }) => name).join("/");
	return [cipher.name, integrity?.name, row, exchanges].filter((name) => name !== undefined).join("/");
}

/** ADDKE1 to ADDKE7: one type of transform for each exchange. */
function additionalTransforms({ additional = [] }: Pick<IkeProposal, "additional">): readonly Transform[] {
	return additional.map(({ id }, index) => ({ type: transformType.additionalKeyExchange1 + index, id }));
}

function encryption({ id, keyBits }: CipherRow): Transform {
	return { type: transformType.encryption, id, ...(keyBits && { keyBits }) };
}

const defaultHash = "sha-256";
const hashes: Readonly<Record<string, { readonly integrity: string; readonly prf: string }>> = {
	md5: { integrity: "hmac-md5-96", prf: "hmac-md5" },
	sha1: { integrity: "hmac-sha1-96", prf: "hmac-sha1" },
	"sha-256": { integrity: "hmac-sha-256-128", prf: "hmac-sha256" },
	"sha-384": { integrity: "hmac-sha-384", prf: "hmac-sha384" },
	"sha-512": { integrity: "hmac-sha-512", prf: "hmac-sha512" },
};
