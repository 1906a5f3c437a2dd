/** GeneralName, the typed names of subjectAltName, name constraints and distribution points (RFC 5280 §4.2.1.6). */

import { Buffer, isAscii } from "node:buffer";
import type { DerReader } from "#pki/der.ts";
import { type DistinguishedName, readName } from "#pki/name.ts";

/** One name. `raw` is its whole element, to be copied octet by octet. */
export type GeneralName =
	| { readonly kind: "dns" | "email" | "uri"; readonly text: string; readonly raw: Uint8Array }
	/** 4 or 16 octets in a name, 8 or 32 (address and mask) in a constraint. */
	| { readonly kind: "ip"; readonly octets: Uint8Array; readonly raw: Uint8Array }
	| { readonly kind: "directory"; readonly name: DistinguishedName; readonly raw: Uint8Array }
	| { readonly kind: "other"; readonly type: string; readonly value: Uint8Array; readonly raw: Uint8Array }
	| { readonly kind: "registered-id"; readonly id: string; readonly raw: Uint8Array }
	| { readonly kind: "x400" | "edi-party"; readonly raw: Uint8Array };

/** Reads the names until the reader's end; at least one must be there. */
export function readGeneralNames(reader: DerReader, what: string, faults: string[]): GeneralName[] {
	const names: GeneralName[] = [];
	do names.push(readGeneralName(reader, what, faults));
	while (!reader.isAtEnd);
	return names;
}

/** Reads one name. Text outside IA5String, or with control characters (NUL among them), is a violation. */
export function readGeneralName(reader: DerReader, what: string, faults: string[]): GeneralName {
	const tag = reader.peek();
	const start = reader.position;
	switch (tag) {
		case 0x81:
		case 0x82:
		case 0x86: {
			const text = visibleText(reader, reader.content(tag, what), what);
			return { kind: textKinds[tag] as "dns", text, raw: reader.octets.subarray(start, reader.position) };
		}
		case 0x87: {
			const octets = reader.content(tag, what);
			return { kind: "ip", octets, raw: reader.octets.subarray(start, reader.position) };
		}
		case 0xa4: {
			const explicit = reader.open(tag, what);
			const name = readName(explicit, what, faults);
			explicit.close(what);
			return { kind: "directory", name, raw: reader.octets.subarray(start, reader.position) };
		}
		case 0xa0: {
			const other = reader.open(tag, what);
			const type = other.oid(what);
			const value = other.content(0xa0, what);
			other.close(what);
			return { kind: "other", type, value, raw: reader.octets.subarray(start, reader.position) };
		}
		case 0x88: {
			const id = reader.oid(what, tag);
			return { kind: "registered-id", id, raw: reader.octets.subarray(start, reader.position) };
		}
		case 0xa3:
		case 0xa5:
			return { kind: tag === 0xa3 ? "x400" : "edi-party", raw: reader.element(what) };
		default:
			reader.fail(`${what}: expected a GeneralName, got ${tag === -1 ? "nothing" : `tag 0x${tag.toString(16)}`}`);
			return { kind: "x400", raw: reader.octets.subarray(start, start) };
	}
}

/** `DNS:example.com`, `IP:192.0.2.1` and so on, for messages. */
export function generalNameText(name: GeneralName): string {
	switch (name.kind) {
		case "dns":
			return `DNS:${name.text}`;
		case "email":
			return `email:${name.text}`;
		case "uri":
			return `URI:${name.text}`;
		case "ip":
			return `IP:${Buffer.from(name.octets).toString("hex")}`;
		case "directory":
			return `directoryName:${name.name.text}`;
		case "other":
			return `otherName:${name.type}`;
		case "registered-id":
			return `registeredID:${name.id}`;
		case "x400":
			return "x400Address";
		case "edi-party":
			return "ediPartyName";
	}
}

function visibleText(reader: DerReader, octets: Uint8Array, what: string): string {
	const view = Buffer.from(octets.buffer, octets.byteOffset, octets.length);
	const text = view.toString("latin1");
	if (!isAscii(view) || controlCharacter.test(text))
		reader.fail(`${what}: a name holds an octet that is no visible ASCII character`);
	return text;
}

const controlCharacter = /\p{Cc}/u;
const textKinds: Readonly<Record<number, "dns" | "email" | "uri">> = { 129: "email", 130: "dns", 134: "uri" };
