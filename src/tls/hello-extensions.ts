/**
 * The bodies of the ClientHello's extensions that the gateway reads. A body is a complete frame: an inner length that
 * reaches past it, or octets behind its value, are malformed.
 */

import { formatAddress, parseAddress } from "#base/address.ts";
import { Reader } from "#base/bytes.ts";
import { normalizeHostName } from "#base/host-name.ts";
import { type EncryptedClientHello, readEchExtension } from "#tls/ech.ts";
import { extensionType } from "#tls/extension-types.ts";

/** What the server_name extension says (RFC 6066 §3). */
export type ServerName =
	| { readonly kind: "absent" }
	/** `name` is in normal form. */
	| { readonly kind: "host-name"; readonly name: string }
	/** An address literal, which RFC 6066 forbids and some clients send. `address` is its canonical text. */
	| { readonly kind: "address"; readonly address: string }
	/** Neither host name nor address: no policy may match it. `text` is printable and cut at 255 characters. */
	| { readonly kind: "invalid"; readonly text: string };

/** The known extensions; a list is empty where the extension was not sent. Filled while the hello is decoded. */
export interface HelloExtensions {
	serverName: ServerName;
	/** Protocol names in the client's order, one character per octet. */
	alpn: readonly string[];
	supportedVersions: readonly number[];
	supportedGroups: readonly number[];
	ecPointFormats: readonly number[];
	signatureAlgorithms: readonly number[];
	signatureAlgorithmsCert: readonly number[];
	/** Groups for which the client sent a key share. */
	keyShareGroups: readonly number[];
	pskModes: readonly number[];
	/** GREASE sends the outer form too: its presence alone does not prove a hidden name. */
	encryptedClientHello: EncryptedClientHello | undefined;
	/** Absent when the client does not know tickets, empty when it asks for one. */
	sessionTicket: Uint8Array | undefined;
	hasPreSharedKey: boolean;
	hasEarlyData: boolean;
	hasStatusRequest: boolean;
	hasExtendedMasterSecret: boolean;
	hasHeartbeat: boolean;
}

/** The fields of a hello without extensions. */
export function noExtensions(): HelloExtensions {
	return {
		serverName: { kind: "absent" },
		alpn: [],
		supportedVersions: [],
		supportedGroups: [],
		ecPointFormats: [],
		signatureAlgorithms: [],
		signatureAlgorithmsCert: [],
		keyShareGroups: [],
		pskModes: [],
		encryptedClientHello: undefined,
		sessionTicket: undefined,
		hasPreSharedKey: false,
		hasEarlyData: false,
		hasStatusRequest: false,
		hasExtendedMasterSecret: false,
		hasHeartbeat: false,
	};
}

/** Reads one body into the fields; answers why it is malformed. An extension that is not known is left alone. */
export function readHelloExtension(type: number, body: Uint8Array, into: HelloExtensions): string | undefined {
	const read = bodies.get(type);
	if (read === undefined) return undefined;
	const reader = new Reader(body);
	const reason = read(reader, into);
	if (reader.isShort) return "an inner length reaches past its end";
	if (reason !== undefined) return reason;
	return reader.remaining > 0 ? `${reader.remaining} octets behind its value` : undefined;
}

type BodyReader = (reader: Reader, into: HelloExtensions) => string | undefined;

function readServerName(reader: Reader, into: HelloExtensions): string | undefined {
	const list = reader.sub(reader.u16());
	let hostName: Uint8Array | undefined;
	const types = new Set<number>();
	while (list.remaining > 0) {
		const nameType = list.u8();
		const name = list.take(list.u16());
		if (list.isShort) return "a name reaches past the list";
		// "MUST NOT contain more than one name of the same name_type" (RFC 6066 §3).
		if (types.has(nameType)) return `more than one name of type ${nameType}`;
		types.add(nameType);
		if (nameType !== 0) continue;
		if (name.length === 0) return "an empty host name";
		hostName = name;
	}
	if (types.size === 0) return "an empty list";
	if (hostName !== undefined) into.serverName = nameServer(hostName);
	return undefined;
}

function nameServer(octets: Uint8Array): ServerName {
	const text = Buffer.from(octets.subarray(0, 256)).toString("latin1");
	const name = normalizeHostName(text);
	if (name !== undefined) return { kind: "host-name", name };
	const address = parseAddress(text);
	if (address !== undefined) return { kind: "address", address: formatAddress(address) };
	return { kind: "invalid", text: text.slice(0, 255).replace(/[^\x21-\x7e]/g, "?") };
}

function readAlpn(reader: Reader, into: HelloExtensions): string | undefined {
	const list = reader.sub(reader.u16());
	const names: string[] = [];
	while (list.remaining > 0) {
		const name = list.take(list.u8());
		if (list.isShort) return "a protocol name reaches past the list";
		if (name.length === 0) return "an empty protocol name";
		names.push(Buffer.from(name).toString("latin1"));
	}
	if (names.length === 0) return "an empty list";
	into.alpn = names;
	return undefined;
}

function readKeyShare(reader: Reader, into: HelloExtensions): string | undefined {
	const list = reader.sub(reader.u16());
	const groups = new Set<number>();
	while (list.remaining > 0) {
		const group = list.u16();
		const share = list.take(list.u16());
		if (list.isShort) return "a key share reaches past the list";
		if (share.length === 0) return "an empty key share";
		// "Clients MUST NOT offer multiple KeyShareEntry values for the same group" (RFC 8446 §4.2.8).
		if (groups.has(group)) return `two key shares of group 0x${group.toString(16).padStart(4, "0")}`;
		groups.add(group);
	}
	into.keyShareGroups = [...groups];
	return undefined;
}

function readPreSharedKey(reader: Reader, into: HelloExtensions): string | undefined {
	const identities = reader.sub(reader.u16());
	let identityCount = 0;
	while (identities.remaining > 0) {
		const identity = identities.take(identities.u16());
		identities.u32();
		if (identities.isShort) return "an identity reaches past the list";
		if (identity.length === 0) return "an empty identity";
		identityCount++;
	}
	const binders = reader.sub(reader.u16());
	let binderCount = 0;
	while (binders.remaining > 0) {
		const binder = binders.take(binders.u8());
		if (binders.isShort) return "a binder reaches past the list";
		if (binder.length < 32) return `a binder of ${binder.length} octets`;
		binderCount++;
	}
	if (identityCount === 0 || identityCount !== binderCount)
		return `${identityCount} identities and ${binderCount} binders`;
	into.hasPreSharedKey = true;
	return undefined;
}

function readEncryptedClientHello(reader: Reader, into: HelloExtensions): string | undefined {
	const read = readEchExtension(reader);
	if (typeof read === "string") return read;
	into.encryptedClientHello = read;
	return undefined;
}

function readStatusRequest(reader: Reader, into: HelloExtensions): undefined {
	// Only type 1 (ocsp) has a known shape (RFC 6066 §8).
	if (reader.u8() === 1) {
		reader.take(reader.u16());
		reader.take(reader.u16());
	} else reader.take(reader.remaining);
	into.hasStatusRequest = true;
}

function readRenegotiationInfo(reader: Reader): string | undefined {
	// In a first ClientHello it is empty (RFC 5746 §3.4).
	return reader.u8() === 0 ? undefined : "it is not empty in the first ClientHello of a connection";
}

function readSessionTicket(reader: Reader, into: HelloExtensions): undefined {
	into.sessionTicket = reader.take(reader.remaining);
}

/** Reads a list of 16-bit code points after its length; a reason when it is empty or odd. */
function u16List(lengthOctets: 1 | 2, store: (values: number[], into: HelloExtensions) => void): BodyReader {
	return (reader, into) => {
		const length = lengthOctets === 1 ? reader.u8() : reader.u16();
		if (length === 0 || length % 2 !== 0) return `a list of ${length} octets; expected an even number, at least 2`;
		const list = reader.sub(length);
		const values: number[] = [];
		while (list.remaining > 0) values.push(list.u16());
		store(values, into);
		return undefined;
	};
}

/** Reads a list of octets after its one-octet length; a reason when it is empty. */
function u8List(store: (values: number[], into: HelloExtensions) => void): BodyReader {
	return (reader, into) => {
		const values = [...reader.take(reader.u8())];
		if (values.length === 0) return "an empty list";
		store(values, into);
		return undefined;
	};
}

/** A body that must be empty: only its presence speaks. */
function flag(store: (into: HelloExtensions) => void): BodyReader {
	return (_reader, into) => {
		store(into);
		return undefined;
	};
}

const bodies: ReadonlyMap<number, BodyReader> = new Map<number, BodyReader>([
	[extensionType.serverName, readServerName],
	[extensionType.statusRequest, readStatusRequest],
	[
		extensionType.supportedGroups,
		u16List(2, (values, into) => {
			into.supportedGroups = values;
		}),
	],
	[
		extensionType.ecPointFormats,
		u8List((values, into) => {
			into.ecPointFormats = values;
		}),
	],
	[
		extensionType.signatureAlgorithms,
		u16List(2, (values, into) => {
			into.signatureAlgorithms = values;
		}),
	],
	[
		extensionType.signatureAlgorithmsCert,
		u16List(2, (values, into) => {
			into.signatureAlgorithmsCert = values;
		}),
	],
	[extensionType.alpn, readAlpn],
	[extensionType.sessionTicket, readSessionTicket],
	[extensionType.preSharedKey, readPreSharedKey],
	[
		extensionType.supportedVersions,
		u16List(1, (values, into) => {
			into.supportedVersions = values;
		}),
	],
	[
		extensionType.pskKeyExchangeModes,
		u8List((values, into) => {
			into.pskModes = values;
		}),
	],
	[extensionType.keyShare, readKeyShare],
	[extensionType.encryptedClientHello, readEncryptedClientHello],
	[extensionType.renegotiationInfo, readRenegotiationInfo],
	[
		extensionType.earlyData,
		flag((into) => {
			into.hasEarlyData = true;
		}),
	],
	[
		extensionType.extendedMasterSecret,
		flag((into) => {
			into.hasExtendedMasterSecret = true;
		}),
	],
	[
		extensionType.heartbeat,
		(reader, into) => {
			reader.u8();
			into.hasHeartbeat = true;
			return undefined;
		},
	],
]);
