/** ASN.1 string types to text (X.690 §8.23; RFC 5280 §4.1.2.4). */

import { Buffer, isAscii, isUtf8 } from "node:buffer";
import { derTag } from "#pki/der.ts";

/** The text of a directory or other ASN.1 string; undefined when the octets do not fit the type or it is none. */
export function decodeString(tag: number, octets: Uint8Array): string | undefined {
	const view = Buffer.from(octets.buffer, octets.byteOffset, octets.length);
	switch (tag) {
		case derTag.utf8String:
			return isUtf8(view) ? view.toString("utf8") : undefined;
		case derTag.printableString:
		case derTag.ia5String:
		case derTag.visibleString:
		case derTag.numericString:
			return isAscii(view) ? view.toString("latin1") : undefined;
		case derTag.teletexString:
			return view.toString("latin1");
		case derTag.bmpString:
			return utf16Text(octets);
		case derTag.universalString:
			return utf32Text(octets);
		default:
			return undefined;
	}
}

function utf16Text(octets: Uint8Array): string | undefined {
	if (octets.length % 2 !== 0) return undefined;
	const text = Buffer.from(octets).swap16().toString("utf16le");
	return text.isWellFormed() ? text : undefined;
}

function utf32Text(octets: Uint8Array): string | undefined {
	if (octets.length % 4 !== 0) return undefined;
	const view = Buffer.from(octets.buffer, octets.byteOffset, octets.length);
	const characters: string[] = [];
	for (let at = 0; at < view.length; at += 4) {
		const point = view.readUInt32BE(at);
		if (point > 0x10_ffff || (point >= 0xd800 && point < 0xe000)) return undefined;
		characters.push(String.fromCodePoint(point));
	}
	return characters.join("");
}
