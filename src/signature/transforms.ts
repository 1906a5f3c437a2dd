/** What a rule turns a buffer into before it looks: `http.host; to_lowercase; content:"..."`. Chained in the rule's order. */
import { createHash } from "node:crypto";

export interface Transform {
	readonly name: TransformName;
	/** The key of xor. */
	readonly key?: Uint8Array;
}

/** What each transform does, by its keyword. */
export const transformTable = {
	to_lowercase: "letters in lower case",
	to_uppercase: "letters in upper case",
	strip_whitespace: "white space taken out",
	compress_whitespace: "white space in a row becomes one space",
	to_md5: "MD5 of the buffer, 16 octets",
	to_sha1: "SHA-1 of the buffer, 20 octets",
	to_sha256: "SHA-256 of the buffer, 32 octets",
	url_decode: "%XX and + undone",
	dotprefix: "a dot before the first octet, so that `.example.com` matches the name and all below it",
	xor: "each octet with the key, in turn",
	header_lowercase: "names of header lines in lower case",
	strip_pseudo_headers: "lines that begin with a colon taken out",
} as const;

export type TransformName = keyof typeof transformTable;

/** Reads a transform; a string says what is wrong with its value. */
export function parseTransform(name: TransformName, value: string | undefined): Transform | string {
	if (name !== "xor") return value === undefined ? { name } : `${name} takes no value`;
	const digits = /^"?((?:[0-9a-fA-F]{2}){1,255})"?$/.exec(value ?? "")?.[1];
	if (digits === undefined) return "xor takes 1 to 255 octets in hexadecimal in quotes";
	return { name, key: Uint8Array.from(Buffer.from(digits, "hex")) };
}

/** The same text for equal transforms. */
export function transformKey({ name, key }: Transform): string {
	return key === undefined ? name : `${name}:${Buffer.from(key).toString("hex")}`;
}

/** A fresh array; never longer than the input by more than one octet, or a hash. */
export function applyTransform({ name, key }: Transform, octets: Uint8Array): Uint8Array {
	switch (name) {
		case "to_lowercase":
			return octets.map((octet) => (octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet));
		case "to_uppercase":
			return octets.map((octet) => (octet >= 0x61 && octet <= 0x7a ? octet & 0xdf : octet));
		case "strip_whitespace":
			return octets.filter((octet) => !isSpace(octet));
		case "compress_whitespace":
			return compress(octets);
		case "to_md5":
			return createHash("md5").update(octets).digest();
		case "to_sha1":
			return createHash("sha1").update(octets).digest();
		case "to_sha256":
			return createHash("sha256").update(octets).digest();
		case "url_decode":
			return decodeUrl(octets);
		case "dotprefix":
			return dotPrefix(octets);
		case "xor":
			return octets.map((octet, index) => octet ^ (key?.[index % key.length] ?? 0));
		case "header_lowercase":
			return lowerHeaderNames(octets);
		case "strip_pseudo_headers":
			return stripPseudoHeaders(octets);
	}
}

/** As `isspace()` in C. */
function isSpace(octet: number): boolean {
	return octet === 0x20 || (octet >= 0x09 && octet <= 0x0d);
}

function compress(octets: Uint8Array): Uint8Array {
	const result = new Uint8Array(octets.length);
	let length = 0;
	let wasSpace = false;
	for (const octet of octets) {
		const space = isSpace(octet);
		if (!space) result[length++] = octet;
		else if (!wasSpace) result[length++] = 0x20;
		wasSpace = space;
	}
	return result.subarray(0, length);
}

function decodeUrl(octets: Uint8Array): Uint8Array {
	const result = new Uint8Array(octets.length);
	let length = 0;
	for (let at = 0; at < octets.length; at++) {
		const octet = octets[at] as number;
		const high = octet === 0x25 ? digitOf(octets[at + 1]) : -1;
		const low = high === -1 ? -1 : digitOf(octets[at + 2]);
		if (low !== -1) {
			result[length++] = high * 16 + low;
			at += 2;
		} else result[length++] = octet === 0x2b ? 0x20 : octet;
	}
	return result.subarray(0, length);
}

/** The value of a hexadecimal digit, or -1. */
export function digitOf(octet: number | undefined): number {
	if (octet === undefined) return -1;
	if (octet >= 0x30 && octet <= 0x39) return octet - 0x30;
	const letter = octet | 0x20;
	return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function dotPrefix(octets: Uint8Array): Uint8Array {
	const result = new Uint8Array(octets.length + 1);
	result[0] = 0x2e;
	result.set(octets, 1);
	return result;
}

function lowerHeaderNames(octets: Uint8Array): Uint8Array {
	let isName = true;
	return octets.map((octet) => {
		if (octet === 0x0a) isName = true;
		else if (octet === 0x3a) isName = false;
		return isName && octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet;
	});
}

function stripPseudoHeaders(octets: Uint8Array): Uint8Array {
	let isLineStart = true;
	let isPseudo = false;
	return octets.filter((octet) => {
		if (isLineStart) isPseudo = octet === 0x3a;
		isLineStart = octet === 0x0a;
		return !isPseudo;
	});
}
