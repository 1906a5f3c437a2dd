/** Values that clients send to keep servers tolerant of unknown values (RFC 8701). */

/** True for 0x0a0a, 0x1a1a, ... 0xfafa: reserved in suites, extensions, groups, versions, signature schemes and ALPN. */
export function isGrease(value: number): boolean {
	return (value & 0x0f0f) === 0x0a0a && value >>> 8 === (value & 0xff);
}

/** True for an ALPN name of two octets that are a GREASE value; `name` has one character per octet. */
export function isGreaseProtocol(name: string): boolean {
	return name.length === 2 && isGrease((name.charCodeAt(0) << 8) | name.charCodeAt(1));
}
