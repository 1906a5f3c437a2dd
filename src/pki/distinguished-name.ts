/**
 * Subject names as an operator writes them, `CN=vpn.example,OU=Sales,O=Example AS,C=NO`, to a Name in DER.
 *
 * The text is read as RFC 4514 does: most special first, so the encoding has the last part first and
 * `DistinguishedName.text` prints what was written. `+` joins attributes of one relative name. Values may stand in
 * quotation marks (RFC 2253 §4). `SN` is the device's serial number, as in Junos, not a surname.
 * Limits: the upper bounds of X.520 (RFC 5280 appendix A).
 */

import { Buffer, isUtf8 } from "node:buffer";
import { derElement, derOid, derSequence, derSetOf, derTag } from "#pki/der.ts";
import { attributeOid } from "#pki/oids.ts";

export type ParsedDistinguishedName =
	| { readonly kind: "name"; readonly der: Uint8Array }
	| { readonly kind: "refused"; readonly reason: string };

/**
 * Parses a subject text.
 *
 * Shape:  `label=value`, separated by `,` or `+`, in any order, labels in any case; at most 64 attributes.
 * Bounds: 8192 characters of text.
 * Faults: none; `reason` names the part, what was expected and what stands there.
 * Source: RFC 4514 §3; RFC 5280 §4.1.2.4, appendix A.1.
 */
export function parseDistinguishedName(text: string): ParsedDistinguishedName {
	if (text.length > maxTextLength) return refused(`a subject of ${text.length} characters; at most ${maxTextLength}`);
	const parts = splitText(text);
	if (typeof parts === "string") return refused(parts);
	if (parts.length > maxAttributes) return refused(`${parts.length} attributes; at most ${maxAttributes}`);
	const relativeNames: Uint8Array[][] = [];
	for (const { label, value, isJoined } of parts) {
		const attribute = encodeAttribute(label, value);
		if (typeof attribute === "string") return refused(attribute);
		if (isJoined) relativeNames.at(-1)?.push(attribute);
		else relativeNames.push([attribute]);
	}
	const sets = relativeNames.map((attributes) => derSetOf(...attributes));
	return { kind: "name", der: derSequence(...sets.reverse()) };
}

interface Part {
	readonly label: string;
	readonly value: string;
	/** True when a `+` stands before it. */
	readonly isJoined: boolean;
}

/** The attributes in the order of the text, or why it cannot be read. */
function splitText(text: string): Part[] | string {
	if (!text.isWellFormed()) return "the subject is not valid Unicode";
	const parts: Part[] = [];
	let at = 0;
	let isJoined = false;
	for (;;) {
		at = skipSpace(text, at);
		const [found, label = ""] = /^([A-Za-z][A-Za-z0-9.-]*) *=/.exec(text.slice(at, at + maxLabel)) ?? [];
		if (found === undefined) return `expected an attribute such as CN=name, got "${text.slice(at, at + 20)}"`;
		at = skipSpace(text, at + found.length);
		const read = text[at] === '"' ? readQuoted(text, at + 1) : readPlain(text, at);
		if (typeof read === "string") return `${label}: ${read}`;
		parts.push({ label, value: read.value, isJoined });
		at = read.end;
		if (at >= text.length) return parts;
		isJoined = text[at] === "+";
		at++;
	}
}

/** A value up to `,` or `+` or the end, spaces around it cut unless escaped. */
function readPlain(text: string, start: number): { value: string; end: number } | string {
	const value = new ValueText();
	let at = start;
	for (; at < text.length; at++) {
		const character = text[at] as string;
		if (character === "," || character === "+") break;
		if ('";<>'.includes(character)) return `write \\${character} for the character ${character}`;
		if (character === "#" && at === start)
			return "a value in hexadecimal form is not taken; write \\# for the character #";
		if (character !== "\\") value.add(character);
		else if (!value.addEscaped(text.slice(at + 1, at + 3))) return escapeFault;
		else at += value.lastEscape;
	}
	const cut = value.finish(true);
	return cut === undefined ? encodingFault : { value: cut, end: at };
}

function readQuoted(text: string, start: number): { value: string; end: number } | string {
	const value = new ValueText();
	let at = start;
	for (; text[at] !== '"'; at++) {
		if (at >= text.length) return "the closing quotation mark is missing";
		if (text[at] !== "\\") value.add(text[at] as string);
		else if (!value.addEscaped(text.slice(at + 1, at + 3))) return escapeFault;
		else at += value.lastEscape;
	}
	const end = skipSpace(text, at + 1);
	if (end < text.length && text[end] !== "," && text[end] !== "+") return "expected a comma after the quotation mark";
	const whole = value.finish(false);
	return whole === undefined ? encodingFault : { value: whole, end };
}

/** Plain spaces only: other white space belongs to the value. */
function skipSpace(text: string, start: number): number {
	let at = start;
	while (text[at] === " ") at++;
	return at;
}

/** A value that grows by characters and by escapes, which stand for octets of UTF-8. */
class ValueText {
	readonly #octets: Uint8Array[] = [];
	#pending = "";
	/** How many characters after the backslash the last escape took. */
	lastEscape = 0;

	add(character: string): void {
		this.#pending += character;
	}

	addEscaped(next: string): boolean {
		const isHex = /^[0-9A-Fa-f]{2}$/.test(next);
		if (!isHex && !(next !== "" && ' "#+,;<=>\\'.includes(next[0] as string))) return false;
		this.#flush();
		this.#octets.push(isHex ? Buffer.from(next, "hex") : Buffer.from(next[0] as string, "latin1"));
		this.lastEscape = isHex ? 2 : 1;
		return true;
	}

	/** The value, without plain spaces at its end when `mustTrim`; undefined when its octets are not UTF-8. */
	finish(mustTrim: boolean): string | undefined {
		if (mustTrim) this.#pending = this.#pending.replace(/ +$/, "");
		this.#flush();
		const octets = Buffer.concat(this.#octets);
		return isUtf8(octets) ? octets.toString("utf8") : undefined;
	}

	#flush(): void {
		if (this.#pending !== "") this.#octets.push(Buffer.from(this.#pending, "utf8"));
		this.#pending = "";
	}
}

/** The AttributeTypeAndValue, or why the value is refused. */
function encodeAttribute(label: string, value: string): Uint8Array | string {
	const row = attributes.get(label.toLowerCase());
	if (row === undefined) return `"${label}" is not a known attribute; expected one of ${knownLabels}`;
	const length = [...value].length;
	if (length === 0) return `${label}: the value is empty`;
	if (length > row.max) return `${label}: at most ${row.max} characters, got ${length}`;
	if (/\p{Cc}/u.test(value)) return `${label}: the value holds a control character`;
	const text = row.isUpperCase === true ? value.toUpperCase() : value;
	if (row.form !== undefined && !row.form.pattern.test(text))
		return `${label}: expected ${row.form.says}, got "${value}"`;
	return derSequence(derOid(row.oid), derElement(row.tag, Buffer.from(text, "utf8")));
}

function refused(reason: string): ParsedDistinguishedName {
	return { kind: "refused", reason };
}

interface AttributeRow {
	readonly oid: string;
	readonly tag: number;
	/** Characters. */
	readonly max: number;
	readonly form?: { readonly pattern: RegExp; readonly says: string };
	readonly isUpperCase?: boolean;
}

const directoryText = (oid: string, max: number): AttributeRow => ({ oid, tag: derTag.utf8String, max });

const countryCode = { pattern: /^[A-Z]{2}$/, says: "the two letters of a country" };
const domainLabel = {
	pattern: /^[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?$/,
	says: "one label of a domain name; write a DC for each",
};
const mailbox = {
	pattern: /^[\x21-\x3f\x41-\x7e]+@[\x21-\x3f\x41-\x7e]+$/,
	says: "an address such as a@company.example",
};
const printable = { pattern: /^[A-Za-z0-9 '()+,./:=?-]+$/, says: "letters, digits and '()+,-./:=? only" };

const country: AttributeRow = {
	oid: attributeOid.countryName,
	tag: derTag.printableString,
	max: 2,
	form: countryCode,
	isUpperCase: true,
};
const email: AttributeRow = { oid: attributeOid.emailAddress, tag: derTag.ia5String, max: 255, form: mailbox };
const serial: AttributeRow = { oid: attributeOid.serialNumber, tag: derTag.printableString, max: 64, form: printable };
const state = directoryText(attributeOid.stateOrProvinceName, 128);

/** By label in lower case: those of Junos first, then the others that `DistinguishedName.text` prints. */
const rows: Readonly<Record<string, AttributeRow>> = {
	cn: directoryText(attributeOid.commonName, 64),
	ou: directoryText(attributeOid.organizationalUnitName, 64),
	o: directoryText(attributeOid.organizationName, 64),
	l: directoryText(attributeOid.localityName, 128),
	st: state,
	s: state,
	c: country,
	dc: { oid: attributeOid.domainComponent, tag: derTag.ia5String, max: 63, form: domainLabel },
	e: email,
	emailaddress: email,
	sn: serial,
	serialnumber: serial,
	street: directoryText(attributeOid.streetAddress, 128),
	title: directoryText(attributeOid.title, 64),
	gn: directoryText(attributeOid.givenName, 64),
	surname: directoryText(attributeOid.surname, 64),
	pseudonym: directoryText(attributeOid.pseudonym, 128),
	uid: directoryText(attributeOid.userId, 256),
	organizationidentifier: directoryText(attributeOid.organizationIdentifier, 256),
};
const attributes: ReadonlyMap<string, AttributeRow> = new Map(Object.entries(rows));
const knownLabels =
	"CN, OU, O, L, ST, C, DC, E, SN, STREET, title, GN, surname, pseudonym, UID, organizationIdentifier";
const escapeFault = 'after \\ expected one of the characters ,+"\\<>;#= or space, or two hexadecimal digits';
const encodingFault = "the escaped octets are not UTF-8";
const maxTextLength = 8192;
const maxAttributes = 64;
const maxLabel = 64;
