/**
 * The options of both legs. The leg to the server offers what the client offered, as far as its settings allow it: never
 * an older version, a weaker suite, group or signature than the client itself would have accepted. A leg that has
 * versions or suites of its own offers those instead, since each side enforces only its own half (R168).
 *
 * Source: RFC 8446 §9.3; NDSS 2017 "The Security Impact of HTTPS Interception".
 */

import { constants } from "node:crypto";
import type { SecureVersion } from "node:tls";
import { parseAddress } from "#base/address.ts";
import { isHttp2Protocol } from "#tls/application-protocol.ts";
import type { CipherSuite } from "#tls/cipher-suites.ts";
import type { ClientHello } from "#tls/client-hello.ts";
import { isGreaseProtocol } from "#tls/grease.ts";
import { groupOf } from "#tls/key-exchange-groups.ts";
import { isUsable, type LegSettings, type Renegotiation, type TlsLegs } from "#tls/leg-settings.ts";
import { protocolVersion } from "#tls/record.ts";
import { signatureSchemeOf } from "#tls/signature-schemes.ts";

/** What goes into `tls.createSecureContext`, besides key and certificate. */
export interface LegContextOptions {
	readonly minVersion: SecureVersion;
	readonly maxVersion: SecureVersion;
	/** OpenSSL's names and security level, the suites of TLS 1.3 among them. */
	readonly ciphers: string;
	/** Groups in OpenSSL 3.5's notation: `*` before a group sends a key share of it. */
	readonly ecdhCurve: string;
	readonly sigalgs?: string;
	readonly secureOptions: number;
}

/** Why nothing can be offered that both the client and the settings accept (R176). */
export type Mismatch = "versions-do-not-match" | "ciphers-do-not-match" | "options-not-supported";

/** What to offer to the server, or why nothing. */
export type ServerLegPlan =
	| {
			readonly kind: "offer";
			readonly context: LegContextOptions;
			/** The same for every client that offers the same: to keep one context for all of them. */
			readonly contextKey: string;
			readonly alpn: readonly string[];
			/** Absent when the client named no server: none is named then (M15). */
			readonly serverName: string | undefined;
	  }
	| { readonly kind: "refused"; readonly cause: Mismatch; readonly reason: string };

/**
 * Builds the offer to the server out of the client's own, once it is known that the leg to the client can be made.
 *
 * Suites, groups and schemes keep the client's order; a key share is sent for each group the client sent one for, so
 * that a server answers without a retry whenever it would have answered the client so. `mayOfferHttp2` false takes h2
 * out of the protocols (R174).
 */
export function serverLegOptions(hello: ClientHello, legs: TlsLegs, mayOfferHttp2 = true): ServerLegPlan {
	const { client, server } = legs;
	const common = client.key === server.key ? undefined : commonOffer(hello, client);
	if (common?.kind === "refused") return common;
	const offer = server.isOwnOffer ? ownOffer(hello, server) : commonOffer(hello, server);
	if (offer.kind === "refused") return offer;
	const { versions, suites, groups, schemes } = offer;
	const context: LegContextOptions = {
		minVersion: versionName(Math.min(...versions)),
		maxVersion: versionName(Math.max(...versions)),
		ciphers: cipherList(suites, server),
		ecdhCurve: groupList(groups, hello.keyShareGroups),
		sigalgs: schemes.map((code) => signatureSchemeOf(code)?.name).join(":"),
		secureOptions: secureOptionsOf(server),
	};
	return {
		kind: "offer",
		context,
		contextKey: Object.values(context).join(" "),
		alpn: offeredProtocols(hello, mayOfferHttp2),
		serverName: hello.sni,
	};
}

/**
 * The offer to a server for a client that speaks in clear: all that the settings allow, in our order. A server that is
 * known by its address alone is sent no name.
 */
export function initiatedLegOptions(settings: LegSettings, host: string): ServerLegPlan & { readonly kind: "offer" } {
	const serverName = parseAddress(host) === undefined ? host : undefined;
	const context = ownLegOptions(settings);
	return { kind: "offer", context, contextKey: `initiated ${settings.key}`, alpn: [], serverName };
}

/**
 * The options of the leg to a server for which there is no client's offer: what the settings allow, in our order.
 */
export function ownLegOptions(settings: LegSettings): LegContextOptions {
	const { versions, suites, groups, schemes } = settings;
	return {
		minVersion: versionName(Math.min(...versions)),
		maxVersion: versionName(Math.max(...versions)),
		ciphers: cipherList(suites, settings),
		ecdhCurve: groupList(groups.filter(isFitFor(versions)), groups.slice(0, ownKeyShares)),
		sigalgs: schemes.map((code) => signatureSchemeOf(code)?.name).join(":"),
		secureOptions: secureOptionsOf(settings),
	};
}

/**
 * The options of the leg to the client: what the settings allow, in our order. The protocol that the server chose is
 * given to the socket, not to the context.
 */
export function clientLegOptions(settings: LegSettings): LegContextOptions {
	const { versions } = settings;
	// DHE would need parameters of our own, and every client that has it has ECDHE.
	const suites = settings.suites.filter(({ keyExchange }) => keyExchange !== "DHE");
	return {
		minVersion: versionName(Math.min(...versions)),
		maxVersion: versionName(Math.max(...versions)),
		ciphers: cipherList(suites, settings),
		ecdhCurve: clientLegGroups,
		secureOptions:
			secureOptionsOf(settings) | constants.SSL_OP_CIPHER_SERVER_PREFERENCE | constants.SSL_OP_PRIORITIZE_CHACHA,
	};
}

function secureOptionsOf({ renegotiation }: LegSettings): number {
	return renegotiationOptions[renegotiation] | constants.SSL_OP_NO_COMPRESSION;
}

interface Offer {
	readonly kind: "offered";
	readonly versions: readonly number[];
	readonly suites: readonly CipherSuite[];
	readonly groups: readonly number[];
	readonly schemes: readonly number[];
}

type Refusal = ServerLegPlan & { readonly kind: "refused" };

/** What both the client and the settings have. */
function commonOffer(hello: ClientHello, settings: LegSettings): Offer | Refusal {
	const { name } = settings;
	const offered = offeredVersions(hello);
	const common = settings.versions.filter((version) => offered.includes(version));
	if (common.length === 0) {
		const got = offered[0] === undefined ? "no known version" : `${versionNames.get(offered[0]) ?? "SSLv3"} at most`;
		return refused("versions-do-not-match", `client offers ${got}; ${name} allows ${versionRange(settings)}`);
	}
	const suites = commonSuites(hello, settings, contiguous(common));
	if (suites.length === 0) {
		return refused("ciphers-do-not-match", `none of the client's ${hello.cipherSuites.length} suites is in ${name}`);
	}
	const versions = contiguous(common).filter((version) => suites.some((suite) => isUsable(suite, version)));
	const groups = commonGroups(hello, settings, versions);
	if (groups.length === 0) return refused("options-not-supported", `none of the client's groups is in ${name}`);
	const schemes = commonSchemes(hello, settings);
	if (schemes.length === 0) {
		return refused("options-not-supported", `none of the client's signature schemes is in ${name}`);
	}
	return { kind: "offered", versions, suites, groups, schemes };
}

/** The settings' own versions and suites; groups and schemes still follow the client where it has any of them. */
function ownOffer(hello: ClientHello, settings: LegSettings): Offer | Refusal {
	const { versions, suites } = settings;
	if (versions.length === 0) return refused("versions-do-not-match", `${settings.name} allows no version with a suite`);
	const groups = commonGroups(hello, settings, versions);
	const schemes = commonSchemes(hello, settings);
	return {
		kind: "offered",
		versions,
		suites,
		groups: groups.length > 0 ? groups : settings.groups.filter(isFitFor(versions)),
		schemes: schemes.length > 0 ? schemes : settings.schemes,
	};
}

/** The client's versions without GREASE, highest first. */
function offeredVersions(hello: ClientHello): number[] {
	const known = Object.values(protocolVersion) as number[];
	if (hello.supportedVersions.length > 0) {
		return known.filter((version) => hello.supportedVersions.includes(version)).sort(descending);
	}
	// Without the extension TLS 1.3 is not offered, whatever the version field says (RFC 8446 §4.2.1).
	return known.filter((version) => version <= hello.legacyVersion && version <= protocolVersion.tls12).sort(descending);
}

/** From the highest version down to the first hole: minVersion and maxVersion cannot say more. */
function contiguous(ascending: readonly number[]): number[] {
	const versions = [...ascending].sort(descending);
	return versions.filter((version, index) => version === (versions[0] ?? 0) - index);
}

function commonSuites(hello: ClientHello, rules: LegSettings, versions: readonly number[]): CipherSuite[] {
	const allowed = new Map(rules.suites.map((suite) => [suite.code, suite]));
	return [...new Set(hello.cipherSuites)].flatMap((code) => {
		const suite = allowed.get(code);
		return suite !== undefined && versions.some((version) => isUsable(suite, version)) ? [suite] : [];
	});
}

/** The settings' groups in the client's order; their own when the client sent no list. */
function commonGroups(hello: ClientHello, rules: LegSettings, versions: readonly number[]): number[] {
	const wanted = hello.supportedGroups.length === 0 ? rules.groups : [...new Set(hello.supportedGroups)];
	const isFit = isFitFor(versions);
	return wanted.filter((code) => rules.groups.includes(code) && isFit(code));
}

/** Post-quantum groups are for TLS 1.3 alone. */
function isFitFor(versions: readonly number[]): (group: number) => boolean {
	const mayBePostQuantum = versions.includes(protocolVersion.tls13);
	return (group) => mayBePostQuantum || groupOf(group)?.isPostQuantum === false;
}

/** The client's schemes for handshakes, then those it takes in certificates only: `sigalgs` is one list for both. */
function commonSchemes(hello: ClientHello, rules: LegSettings): readonly number[] {
	if (hello.signatureAlgorithms.length === 0) return rules.schemes;
	const wanted = new Set([...hello.signatureAlgorithms, ...hello.signatureAlgorithmsCert]);
	return [...wanted].filter((code) => rules.schemes.includes(code));
}

/** Protocols that `ALPNProtocols` can say: printable ASCII, no GREASE. */
function offeredProtocols(hello: ClientHello, mayOfferHttp2: boolean): string[] {
	const protocols = hello.alpn.filter((name) => !isGreaseProtocol(name) && /^[\x21-\x7e]+$/.test(name));
	if (mayOfferHttp2 || !protocols.some(isHttp2Protocol)) return protocols;
	const others = protocols.filter((name) => !isHttp2Protocol(name));
	return others.length > 0 ? others : ["http/1.1"];
}

/** The security level can only be said behind a suite of before TLS 1.3; alone OpenSSL takes it for a list of none. */
function cipherList(suites: readonly CipherSuite[], rules: LegSettings): string {
	const names = suites.flatMap((suite) => suite.opensslName ?? []);
	return suites.some((suite) => suite.since !== "TLSv1.3")
		? [...names, `@SECLEVEL=${rules.securityLevel}`].join(":")
		: names.join(":");
}

function groupList(groups: readonly number[], keyShares: readonly number[]): string {
	let shares = 0;
	return groups
		.map((code) => `${keyShares.includes(code) && ++shares <= maxKeyShares ? "*" : ""}${groupOf(code)?.opensslName}`)
		.join(":");
}

function refused(cause: Mismatch, reason: string): Refusal {
	return { kind: "refused", cause, reason };
}

function versionRange(rules: LegSettings): string {
	if (rules.versions.length === 0) return "none";
	return `${versionName(Math.min(...rules.versions))} to ${versionName(Math.max(...rules.versions))}`;
}

function versionName(version: number): SecureVersion {
	return versionNames.get(version) ?? "TLSv1.3";
}

function descending(a: number, b: number): number {
	return b - a;
}

const versionNames: ReadonlyMap<number, SecureVersion> = new Map([
	[protocolVersion.tls10, "TLSv1"],
	[protocolVersion.tls11, "TLSv1.1"],
	[protocolVersion.tls12, "TLSv1.2"],
	[protocolVersion.tls13, "TLSv1.3"],
]);

/** Renegotiation (R173) and compression (R171) are refused on both legs. */
const renegotiationOptions: Readonly<Record<Renegotiation, number>> = {
	drop: constants.SSL_OP_NO_RENEGOTIATION,
	"allow-secure": 0,
	allow: constants.SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION,
};

/** Key shares of the two that servers are most likely to take. */
const ownKeyShares = 2;

/** OpenSSL refuses a list that asks for more. */
const maxKeyShares = 4;

/** Of the first tuple that the client can do at all one group is taken, at the price of a retry if need be. */
const clientLegGroups = "X25519MLKEM768:SecP256r1MLKEM768:SecP384r1MLKEM1024/X25519:P-256:P-384:P-521:X448";
