/**
 * The PROXY header: a proxy in front tells where a connection really comes from, before its first octet.
 *
 *   version 1   PROXY TCP4 192.0.2.1 192.0.2.2 40001 443 CR LF          (or TCP6; UNKNOWN and anything up to CR LF)
 *   version 2   0d 0a 0d 0a 00 0d 0a 51 55 49 54 0a | 2, command | family, transport | length (2) | addresses | TLVs
 *
 * Whoever may send one can claim any address: the caller asks only senders that the configuration names, and refuses a connection
 * of such a sender that has none.
 *
 * Source: "The PROXY protocol, versions 1 & 2" of HAProxy (doc/proxy-protocol.txt).
 */
import { addressOf, type Endpoint, formatAddress, parseAddress } from "#base/address.ts";
import { concat, type Decoded, done, malformed, needMore, Reader, Writer } from "#base/bytes.ts";
import { crc32c } from "#base/crc32c.ts";
import { type ProxyTlv, proxyTlvType, readProxyTlvs, writeProxyTlv } from "#proxy/proxy-tlv.ts";

/** Whom the connection belongs to. `none`: to the sender itself (LOCAL), or it does not know (UNKNOWN, UNSPEC). */
export type ProxiedAddresses =
	| { readonly kind: "none" }
	| {
			readonly kind: "ip";
			readonly transport: "stream" | "datagram";
			readonly source: Endpoint;
			readonly destination: Endpoint;
	  }
	/** Paths of Unix sockets, one character an octet; an abstract one begins with NUL. */
	| {
			readonly kind: "unix";
			readonly transport: "stream" | "datagram";
			readonly source: string;
			readonly destination: string;
	  };

/** A decoded header. With LOCAL there are neither addresses nor TLVs. */
export interface ProxyHeader {
	readonly version: 1 | 2;
	readonly isLocal: boolean;
	readonly addresses: ProxiedAddresses;
	readonly tlvs: readonly ProxyTlv[];
}

/** The longest header of version 1, CR LF included (§2.1). */
export const maxProxyLineOctets = 107;

/** The longest header of version 2 that is accepted: room for a client's certificate. */
export const maxProxyHeaderOctets = 16_384;

/**
 * Decodes the header at the beginning of a connection, of either version.
 *
 * Bounds: `maxProxyLineOctets` and `maxProxyHeaderOctets`; a longer one is malformed as soon as its length is known.
 * Faults: malformed for reserved values, addresses in another than the canonical form of version 1, a length that disagrees, a wrong
 * CRC-32C, or octets that begin neither version. A known TLV that comes twice is malformed.
 */
export function decodeProxyHeader(octets: Uint8Array): Decoded<ProxyHeader> {
	for (let index = 0; index < Math.min(octets.length, signature.length); index++) {
		if (octets[index] !== signature[index]) return index === 0 ? decodeLine(octets) : malformed("no PROXY header");
	}
	return decodeBinary(octets);
}

/** Encodes a header. Throws a RangeError for what the version cannot say. */
export function encodeProxyHeader(header: ProxyHeader): Uint8Array {
	return header.version === 1 ? encodeLine(header) : encodeBinary(header);
}

/** What the TLV of a kind holds; undefined when it is not there. */
export function proxyTlv(header: ProxyHeader, type: number): Uint8Array | undefined {
	return header.tlvs.find((tlv) => tlv.type === type)?.value;
}

function decodeLine(octets: Uint8Array): Decoded<ProxyHeader> {
	const head = octets.subarray(0, maxProxyLineOctets);
	const text = Buffer.from(head.buffer, head.byteOffset, head.length).toString("latin1");
	const begins = text.slice(0, lineStart.length);
	if (!lineStart.startsWith(begins)) return malformed("no PROXY header");
	const end = text.indexOf("\r\n");
	if (end === -1) {
		if (head.length < maxProxyLineOctets) return needMore;
		return malformed(`no end of the PROXY header in ${maxProxyLineOctets} octets`);
	}
	const line = text.slice(lineStart.length, end);
	if (line === "UNKNOWN" || line.startsWith("UNKNOWN ")) return done(headerOf(1, { kind: "none" }), end + 2);
	const parts = /^TCP([46]) (\S+) (\S+) (0|[1-9][0-9]{0,4}) (0|[1-9][0-9]{0,4})$/.exec(line);
	if (parts === null) return malformed(`PROXY header is ${JSON.stringify(line)}; expected family, addresses and ports`);
	const [, family, sourceText, destinationText, sourcePort, destinationPort] = parts as unknown as string[];
	const source = endpointOf(family, sourceText, Number(sourcePort));
	const destination = endpointOf(family, destinationText, Number(destinationPort));
	if (source === undefined || destination === undefined)
		return malformed(
			`PROXY header is ${JSON.stringify(line)}; expected addresses of TCP${family} and ports up to 65535`,
		);
	return done(headerOf(1, { kind: "ip", transport: "stream", source, destination }), end + 2);
}

function endpointOf(family: string | undefined, text = "", port: number): Endpoint | undefined {
	const address = parseAddress(text);
	if (address === undefined || text.includes(":") !== (family === "6") || port > 65_535) return undefined;
	return { host: formatAddress(address), port };
}

function headerOf(version: 1 | 2, addresses: ProxiedAddresses, tlvs: readonly ProxyTlv[] = []): ProxyHeader {
	return { version, isLocal: false, addresses, tlvs };
}

function decodeBinary(octets: Uint8Array): Decoded<ProxyHeader> {
	const reader = new Reader(octets, Math.min(octets.length, signature.length));
	if (reader.remaining < 1) return needMore;
	const command = reader.u8();
	if (command >>> 4 !== 2) return malformed(`PROXY header has version ${command >>> 4}; expected 2`);
	if (command !== local && command !== proxied)
		return malformed(`PROXY header has command ${command & 15}; expected 0 or 1`);
	if (reader.remaining < 3) return needMore;
	const family = reader.u8();
	const length = reader.u16();
	const end = headOctets + length;
	if (end > maxProxyHeaderOctets)
		return malformed(`PROXY header has ${end} octets; at most ${maxProxyHeaderOctets} are accepted`);
	if (octets.length < end) return needMore;
	// "The receiver must [...] discard the protocol block including the family which is ignored."
	if (command === local) return done({ ...headerOf(2, { kind: "none" }), isLocal: true }, end);
	const body = new Reader(octets, headOctets, end);
	const addresses = readAddresses(family, body);
	if (typeof addresses === "string") return malformed(addresses);
	const tlvs = readProxyTlvs(body, true);
	if (typeof tlvs === "string") return malformed(tlvs);
	const wrong = checksumProblem(octets.subarray(0, end), tlvs);
	return wrong === undefined ? done(headerOf(2, addresses, tlvs), end) : malformed(wrong);
}

function readAddresses(family: number, body: Reader): ProxiedAddresses | string {
	if (family === 0) return { kind: "none" };
	const octets = addressOctets.get(family >>> 4);
	const transport = transports[family & 15];
	if (octets === undefined || transport === undefined)
		return `PROXY header has family and transport 0x${family.toString(16).padStart(2, "0")}, which are reserved`;
	const [from, to] = [body.take(octets), body.take(octets)];
	const isUnix = family >>> 4 === unixFamily;
	const [fromPort, toPort] = isUnix ? [0, 0] : [body.u16(), body.u16()];
	if (body.isShort) return "PROXY header ends before its addresses";
	if (isUnix) return { kind: "unix", transport, source: pathOf(from), destination: pathOf(to) };
	const source = { host: formatAddress(addressOf(from)), port: fromPort };
	const destination = { host: formatAddress(addressOf(to)), port: toPort };
	return { kind: "ip", transport, source, destination };
}

/** Paths are filled with NUL; an abstract socket's begins with one. */
function pathOf(octets: Uint8Array): string {
	const end = octets.indexOf(0, octets[0] === 0 ? 1 : 0);
	return Buffer.from(end === -1 ? octets : octets.subarray(0, end))
		.toString("latin1")
		.replace(/^\0$/, "");
}

/** The checksum is that of the whole header with zeros in its own place (§2.2.3). */
function checksumProblem(header: Uint8Array, tlvs: readonly ProxyTlv[]): string | undefined {
	const value = tlvs.find((tlv) => tlv.type === proxyTlvType.crc32c)?.value;
	if (value === undefined) return undefined;
	if (value.length !== 4) return `the checksum of the PROXY header has ${value.length} octets; expected 4`;
	const at = value.byteOffset - header.byteOffset;
	const expected = crc32c(header.subarray(0, at), new Uint8Array(4), header.subarray(at + 4));
	const got = new Reader(value).u32();
	return got === expected
		? undefined
		: `the checksum of the PROXY header is ${hex32(got)}; expected ${hex32(expected)}`;
}

function hex32(value: number): string {
	return `0x${value.toString(16).padStart(8, "0")}`;
}

function encodeLine({ addresses, isLocal, tlvs }: ProxyHeader): Uint8Array {
	if (isLocal || tlvs.length > 0) throw new RangeError("version 1 of the PROXY header knows neither LOCAL nor TLVs");
	if (addresses.kind === "none") return Buffer.from("PROXY UNKNOWN\r\n", "latin1");
	if (addresses.kind === "unix" || addresses.transport === "datagram")
		throw new RangeError("version 1 of the PROXY header knows only TCP");
	const { source, destination, isIpv4 } = sameFamily(addresses.source, addresses.destination);
	const hosts = [source, destination].map(({ octets, port }) => ({ text: textOfFamily(octets, isIpv4), port }));
	const [from, to] = hosts as [(typeof hosts)[0], (typeof hosts)[0]];
	return Buffer.from(`PROXY TCP${isIpv4 ? 4 : 6} ${from.text} ${to.text} ${from.port} ${to.port}\r\n`, "latin1");
}

function encodeBinary({ isLocal, addresses, tlvs }: ProxyHeader): Uint8Array {
	const body = new Writer();
	const family = isLocal ? 0 : writeAddresses(body, addresses);
	let checksumAt = -1;
	for (const { type, value } of isLocal ? [] : tlvs) {
		const isChecksum = type === proxyTlvType.crc32c;
		if (isChecksum) checksumAt = headOctets + body.length + 3;
		writeProxyTlv(body, type, isChecksum ? new Uint8Array(4) : value);
	}
	const head = new Writer(headOctets)
		.bytes(signature)
		.u8(isLocal ? local : proxied)
		.u8(family)
		.u16(body.length);
	const whole = concat([head.finish(), body.finish()]);
	if (whole.length > maxProxyHeaderOctets) throw new RangeError(`a PROXY header of ${whole.length} octets`);
	if (checksumAt !== -1) whole.set(new Writer(4).u32(crc32c(whole)).finish(), checksumAt);
	return whole;
}

function writeAddresses(body: Writer, addresses: ProxiedAddresses): number {
	if (addresses.kind === "none") return 0;
	const transport = transports.indexOf(addresses.transport);
	if (addresses.kind === "unix") {
		for (const path of [addresses.source, addresses.destination]) {
			const octets = Buffer.from(path, "latin1");
			if (octets.length > unixPathOctets) throw new RangeError(`a path of ${octets.length} octets`);
			body.bytes(octets).bytes(new Uint8Array(unixPathOctets - octets.length));
		}
		return (unixFamily << 4) | transport;
	}
	const { source, destination, isIpv4 } = sameFamily(addresses.source, addresses.destination);
	body.bytes(source.octets).bytes(destination.octets).u16(source.port).u16(destination.port);
	return ((isIpv4 ? 1 : 2) << 4) | transport;
}

/** Both addresses in one family: an IPv4 address beside an IPv6 one is written as IPv4-mapped. */
function sameFamily(source: Endpoint, destination: Endpoint) {
	const octetsOf = ({ host }: Endpoint) => {
		const address = parseAddress(host);
		if (address === undefined) throw new RangeError(`${host} is no address`);
		return address.octets;
	};
	const [from, to] = [octetsOf(source), octetsOf(destination)];
	const isIpv4 = from.length === 4 && to.length === 4;
	const widened = (octets: Uint8Array) => (isIpv4 || octets.length === 16 ? octets : concat([mappedPrefix, octets]));
	return {
		isIpv4,
		source: { octets: widened(from), port: source.port },
		destination: { octets: widened(to), port: destination.port },
	};
}

function textOfFamily(octets: Uint8Array, isIpv4: boolean): string {
	return isIpv4 ? octets.join(".") : formatAddress({ octets });
}

const lineStart = "PROXY ";
const signature = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a);
const headOctets = 16;
const local = 0x20;
const proxied = 0x21;
const unixFamily = 3;
const unixPathOctets = 108;
const addressOctets: ReadonlyMap<number, number> = new Map([
	[1, 4],
	[2, 16],
	[unixFamily, unixPathOctets],
]);
const transports = [undefined, "stream", "datagram"] as const;
const mappedPrefix = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff);
