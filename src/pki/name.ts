/** Distinguished names: decoded, printed (RFC 4514) and compared (RFC 5280 §7.1). */

import { Buffer } from "node:buffer";
import { type DerReader, derTag } from "#pki/der.ts";
import { decodeString } from "#pki/der-string.ts";
import { attributeOid, attributeShortName } from "#pki/oids.ts";

/** One attribute. `text` is undefined when its value is not a string type. */
export interface NameAttribute {
	readonly type: string;
	readonly text: string | undefined;
	/** The value element whole, tag and length included. */
	readonly value: Uint8Array;
}

/** A name as it stands in a certificate. `raw` is the whole SEQUENCE and goes into other certificates octet by octet. */
export class DistinguishedName {
	readonly raw: Uint8Array;
	/** The relative names in the order of the encoding (most general first, as a rule). */
	readonly relativeNames: readonly (readonly NameAttribute[])[];
	#canonical: readonly string[] | undefined;
	#key: string | undefined;

	constructor(raw: Uint8Array, relativeNames: readonly (readonly NameAttribute[])[]) {
		this.raw = raw;
		this.relativeNames = relativeNames;
	}

	get isEmpty(): boolean {
		return this.relativeNames.length === 0;
	}

	/** As RFC 4514 prints it, most special first: `CN=example.com,O=Example,C=NO`. Control characters are escaped. */
	get text(): string {
		return this.relativeNames.map(relativeNameText).reverse().join(",");
	}

	/** `text` for a message: whoever made the certificate chose its length, so that at most 120 characters are shown. */
	get shortText(): string {
		const { text } = this;
		return text.length > maxShown ? `${text.slice(0, maxShown)}...` : text;
	}

	/** The text values of one attribute type, in order. */
	valuesOf(type: string): string[] {
		const values: string[] = [];
		for (const attributes of this.relativeNames) {
			for (const attribute of attributes) {
				if (attribute.type === type && attribute.text !== undefined) values.push(attribute.text);
			}
		}
		return values;
	}

	/** One comparable text for each relative name: types, and values without regard to case, spacing and string type. */
	get canonical(): readonly string[] {
		this.#canonical ??= this.relativeNames.map(canonicalRelativeName);
		return this.#canonical;
	}

	/** Equal for names that RFC 5280 §7.1 calls the same: the key of an index by name. */
	get key(): string {
		this.#key ??= this.canonical.join("\u0001");
		return this.#key;
	}

	equals(other: DistinguishedName): boolean {
		return Buffer.compare(this.raw, other.raw) === 0 || this.key === other.key;
	}
}

/** The common names, which never name a host here but are shown and compared with the subjectAltName. */
export function commonNames(name: DistinguishedName): string[] {
	return name.valuesOf(attributeOid.commonName);
}

/**
 * Reads a Name. Structure violations go to the reader; a value that is no proper text of its string type goes to
 * `faults`, because such a name can still be shown and copied.
 */
export function readName(reader: DerReader, what: string, faults: string[]): DistinguishedName {
	const start = reader.position;
	const sequence = reader.open(derTag.sequence, what);
	const relativeNames: NameAttribute[][] = [];
	while (!sequence.isAtEnd) {
		relativeNames.push(readRelativeName(sequence.open(derTag.set, what), what, faults));
	}
	return new DistinguishedName(reader.octets.subarray(start, reader.position), relativeNames);
}

/** Reads the attributes of one relative name from a reader over its SET's content. */
export function readRelativeName(set: DerReader, what: string, faults: string[]): NameAttribute[] {
	const attributes: NameAttribute[] = [];
	do attributes.push(readAttribute(set, what, faults));
	while (!set.isAtEnd);
	return attributes;
}

function readAttribute(set: DerReader, what: string, faults: string[]): NameAttribute {
	const pair = set.open(derTag.sequence, what);
	const type = pair.oid(what);
	const tag = pair.peek();
	const value = pair.element(what);
	pair.close(what);
	const content = value.subarray(headerLength(value));
	const text = decodeString(tag, content);
	if (text === undefined ? stringTags.has(tag) : text.includes("\u0000"))
		faults.push(`${what}: ${attributeShortName[type] ?? type} is not valid text of its string type`);
	return { type, text, value };
}

/** Octets before the content of a whole element that the reader has accepted. */
function headerLength(element: Uint8Array): number {
	const first = element[1] ?? 0;
	return first < 0x80 ? 2 : 2 + (first & 0x7f);
}

function relativeNameText(attributes: readonly NameAttribute[]): string {
	return attributes
		.map(({ type, text, value }) => {
			const label = attributeShortName[type] ?? type;
			return text === undefined ? `${label}=#${Buffer.from(value).toString("hex")}` : `${label}=${escapeValue(text)}`;
		})
		.join("+");
}

function escapeValue(text: string): string {
	return text
		.replace(/[\\"+,;<>]|^[ #]| $/g, (character) => `\\${character}`)
		.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) =>
			[...Buffer.from(character, "utf8")].map((octet) => `\\${octet.toString(16).padStart(2, "0")}`).join(""),
		);
}

function canonicalRelativeName(attributes: readonly NameAttribute[]): string {
	if (attributes.length === 1) return canonicalAttribute(attributes[0] as NameAttribute);
	return attributes.map(canonicalAttribute).sort().join("\u0002");
}

function canonicalAttribute({ type, text, value }: NameAttribute): string {
	if (text === undefined) return `${type}#${Buffer.from(value).toString("hex")}`;
	// The separators below stand apart because no prepared text holds them.
	if (/^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/.test(text)) return `${type}=${text.toLowerCase()}`;
	return `${type}=${prepareString(text)}`;
}

/** RFC 4518 §2 as far as comparison needs it: map, normalise, drop what cannot be seen, one space for many. */
function prepareString(text: string): string {
	return text
		.replace(/[\s\u0085]+/g, " ")
		.replace(/[\p{Cc}\p{Default_Ignorable_Code_Point}]/gu, "")
		.normalize("NFKC")
		.toLowerCase()
		.normalize("NFKC")
		.replace(/ +/g, " ")
		.replace(/^ | $/g, "");
}

/** The string types of DirectoryString and the others that names use (RFC 5280 §4.1.2.4, appendix A). */
const stringTags: ReadonlySet<number> = new Set([
	derTag.utf8String,
	derTag.printableString,
	derTag.ia5String,
	derTag.teletexString,
	derTag.bmpString,
	derTag.universalString,
	derTag.numericString,
	derTag.visibleString,
]);
const maxShown = 120;
