/** What a peer offers, in the words of the configuration: for messages about negotiations that fail. */
import { ciphers, groups, integrityAlgorithms, prfs } from "#ike/crypto/transform-table.ts";
import { type Proposal, type Transform, transformType } from "#ike/wire/security-association.ts";

/** `aes-256-cbc+aes-128-cbc/hmac-sha-256-128/hmac-sha256/group14`, proposals one after the other. Bounds: the first eight. */
export function describeOffer(proposals: readonly Proposal[]): string {
	const shown = proposals.slice(0, maxShown).map(describeOne);
	if (proposals.length > maxShown) shown.push(`and ${proposals.length - maxShown} more`);
	return shown.join(", ");
}

/** Alternatives of a kind are joined by `+`. */
function describeOne({ transforms }: Proposal): string {
	return kinds
		.map((kind) => [...new Set(transforms.filter(({ type }) => type === kind).map(nameOf))].join("+"))
		.filter((names) => names !== "")
		.join("/");
}

function nameOf({ type, id, keyBits }: Transform): string {
	const row =
		type === transformType.encryption
			? ciphers.find((one) => one.id === id && one.keyBits === keyBits)
			: tables[type]?.find((one) => one.id === id);
	return row?.name ?? `${type}:${id}${keyBits === undefined ? "" : `:${keyBits}`}`;
}

/** In the order in which our own proposals are written. */
const additionalKinds = Array.from({ length: 7 }, (_, index) => transformType.additionalKeyExchange1 + index);
const kinds = [
	transformType.encryption,
	transformType.integrity,
	transformType.prf,
	transformType.keyExchange,
	...additionalKinds,
];
const tables: Readonly<Record<number, readonly { readonly name: string; readonly id: number }[]>> = {
	[transformType.prf]: prfs,
	[transformType.integrity]: integrityAlgorithms,
	[transformType.keyExchange]: groups,
	...Object.fromEntries(additionalKinds.map((kind) => [kind, groups])),
};
const maxShown = 8;
