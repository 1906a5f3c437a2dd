/** Which octets may stand where in an HTTP/1.1 head (RFC 9110 §5.6, RFC 9112 §2 to §5), as look-up tables. */

/** 1 where an octet may stand in a token: a method or a header name. */
export const tokenOctets = octetTable((octet) => isAlphanumeric(octet) || "!#$%&'*+-.^_`|~".includes(char(octet)));

/** 1 where an octet may stand in a header value or reason phrase: HTAB, SP, VCHAR and obs-text. */
export const fieldOctets = octetTable((octet) => octet === 0x09 || (octet >= 0x20 && octet !== 0x7f));

/** 1 where an octet may stand in a request target: visible ASCII without `#`, and raw UTF-8 as clients send it. */
export const targetOctets = octetTable((octet) => octet > 0x20 && octet !== 0x7f && octet !== 0x23);

/** 1 where an octet may stand in the name part of Host: what DNS names and IPv4 addresses are made of. */
const hostOctets = octetTable((octet) => isAlphanumeric(octet) || "-._".includes(char(octet)));

/** 1 where an octet may stand in an IP literal between brackets. */
const literalOctets = octetTable((octet) => isHexDigit(octet) || ":.".includes(char(octet)));

/** True when the octets are `lowerCaseName`, letters compared without case. */
export function equalsName(octets: Uint8Array, start: number, length: number, lowerCaseName: string): boolean {
	if (length !== lowerCaseName.length) return false;
	for (let index = 0; index < length; index++) {
		let octet = octets[start + index] as number;
		if (octet >= 0x41 && octet <= 0x5a) octet |= 0x20;
		if (octet !== lowerCaseName.charCodeAt(index)) return false;
	}
	return true;
}

/** True for `uri-host [ ":" port ]` with a host that is not empty (RFC 9110 §7.2). */
export function isAuthority(octets: Uint8Array, start: number, end: number): boolean {
	let at = start;
	if (octets[at] === 0x5b) {
		at++;
		while (at < end && literalOctets[octets[at] as number] === 1) at++;
		if (at === start + 1 || octets[at] !== 0x5d || at >= end) return false;
		at++;
	} else {
		while (at < end && hostOctets[octets[at] as number] === 1) at++;
		if (at === start) return false;
	}
	if (at === end) return true;
	if (octets[at] !== 0x3a || end - at > 6) return false;
	for (at++; at < end; at++) {
		const octet = octets[at] as number;
		if (octet < 0x30 || octet > 0x39) return false;
	}
	return true;
}

/** The octets as text, one char per octet. */
export function latin1(octets: Uint8Array, start: number, end: number): string {
	const buffer = Buffer.isBuffer(octets) ? octets : Buffer.from(octets.buffer, octets.byteOffset, octets.length);
	return buffer.toString("latin1", start, end);
}

/** How an octet is named in a reason. */
export function describeOctet(octet: number): string {
	const hex = `0x${octet.toString(16).padStart(2, "0")}`;
	return octet > 0x20 && octet < 0x7f ? `"${char(octet)}"` : hex;
}

function octetTable(holds: (octet: number) => boolean): Uint8Array {
	return Uint8Array.from({ length: 256 }, (_, octet) => (holds(octet) ? 1 : 0));
}

function isAlphanumeric(octet: number): boolean {
	return /^[0-9A-Za-z]$/.test(char(octet));
}

function isHexDigit(octet: number): boolean {
	return /^[0-9A-Fa-f]$/.test(char(octet));
}

function char(octet: number): string {
	return String.fromCharCode(octet);
}
