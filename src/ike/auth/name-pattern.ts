/**
 * `distinguished-name container` and `wildcard`: which subjects of certificates are accepted as an identity. Values are
 * compared without regard to case, spacing and string type (RFC 5280 §7.1).
 */
import { DerReader } from "#pki/der.ts";
import { parseDistinguishedName } from "#pki/distinguished-name.ts";
import { DistinguishedName, readName } from "#pki/name.ts";

/** Attributes as comparable texts. Plain data: it crosses between processes. */
export interface NamePattern {
	/** All of them in this order, read from either end; others may stand between them. */
	readonly container: readonly string[];
	/** All of them, in any order and among others. */
	readonly wildcard: readonly string[];
}

/** The attributes of a text such as `O=Example, OU=Branches`; why it is none otherwise. */
export function parseNamePart(text: string): readonly string[] | { readonly problem: string } {
	const parsed = parseDistinguishedName(text);
	if (parsed.kind === "refused") return { problem: parsed.reason };
	return attributesOf(parsed.der) ?? [];
}

/** True when the name, in DER, has what the pattern asks for. */
export function matchesName({ container, wildcard }: NamePattern, der: Uint8Array): boolean {
	const attributes = attributesOf(der);
	if (attributes === undefined) return false;
	const isContained = isSubsequence(container, attributes) || isSubsequence(container, attributes.toReversed());
	return isContained && wildcard.every((one) => attributes.includes(one));
}

/** A name in DER as it is shown; undefined when it is none. */
export function nameText(der: Uint8Array): string | undefined {
	return decodeName(der)?.shortText;
}

/** True when a name in DER is this one, whatever string types each has chosen. */
export function isName(name: DistinguishedName, der: Uint8Array): boolean {
	return decodeName(der)?.equals(name) === true;
}

/** One comparable text for each attribute, those of one relative name, too. */
function attributesOf(der: Uint8Array): readonly string[] | undefined {
	const name = decodeName(der);
	const single = name?.relativeNames.flatMap((attributes) => attributes.map((one) => [one]));
	return single && new DistinguishedName(der, single).canonical;
}

function decodeName(der: Uint8Array): DistinguishedName | undefined {
	const reader = new DerReader(der);
	const name = readName(reader, "identity", []);
	reader.close("identity");
	return reader.reason === undefined ? name : undefined;
}

function isSubsequence(wanted: readonly string[], all: readonly string[]): boolean {
	let next = 0;
	for (const one of all) if (one === wanted[next]) next++;
	return next >= wanted.length;
}
