/**
 * What the leg to the client uses, out of what the client offers: one group and one kind of leaf key, so that the record
 * can say which.
 */
import { constants } from "node:crypto";
import { BoundedMap } from "#base/bounded.ts";
import { isRsaClass, type LeafKeyClass, leafKeyClasses } from "#pki/leaf-key-class.ts";
import type { PublicKeyInfo } from "#pki/public-key.ts";
import type { ClientHello } from "#tls/client-hello.ts";
import { groupOf } from "#tls/key-exchange-groups.ts";
import type { LegSettings } from "#tls/leg-settings.ts";
import { clientLegOptions, type LegContextOptions } from "#tls/profile.ts";
import { protocolVersion } from "#tls/record.ts";

/** `variant` is the same for equal options. */
export interface ClientLeg {
	readonly options: LegContextOptions;
	readonly variant: string;
	/** The only group of the context, by the name that records show. */
	readonly group: string;
	readonly keyClass: LeafKeyClass;
}

/**
 * Post-quantum groups go before classical ones; among equals one whose key share the client sent goes first, since it
 * saves a round trip. `classes` are the kinds of leaf keys that fit the server, best first (`leafKeyClasses`): the first
 * that the client takes is chosen.
 */
export function planClientLeg(
	hello: ClientHello,
	settings: LegSettings,
	mayResumeSessions: boolean,
	classes: readonly LeafKeyClass[],
): ClientLeg {
	const { groups } = settings;
	const isTls13 = isTls13Of(hello, settings);
	const isAllowed = (code: number) => groups.includes(code);
	const group =
		(isTls13 ? choose(postQuantumGroups.filter(isAllowed), hello) : undefined) ??
		choose(classicalGroups.filter(isAllowed), hello) ??
		(isAllowed(p256) ? p256 : (groups[0] ?? p256));
	const keyClass =
		classes.find((one) => takesKey(hello, settings, isTls13, one)) ?? classes.find(isRsaClass) ?? "rsa2048";
	const name = groupOf(group)?.opensslName ?? "P-256";
	const variant = `${settings.key} ${name} ${mayResumeSessions ? "tickets" : "full"}`;
	const known = legs.get(`${variant} ${keyClass}`);
	if (known !== undefined) return known;
	const options = { ...clientLegOptions(settings), ecdhCurve: name };
	// Without tickets nothing can be resumed: no session is kept here.
	const secureOptions = options.secureOptions | (mayResumeSessions ? 0 : constants.SSL_OP_NO_TICKET);
	const leg: ClientLeg = { options: { ...options, secureOptions }, variant, group: name, keyClass };
	legs.set(`${variant} ${keyClass}`, leg);
	return leg;
}

/** True when the client can verify signatures of this key, in a handshake that the settings allow. */
export function takesKeyOf(hello: ClientHello, settings: LegSettings, key: PublicKeyInfo): boolean {
	const [natural] = leafKeyClasses(key);
	return natural !== undefined && takesKey(hello, settings, isTls13Of(hello, settings), natural);
}

function isTls13Of(hello: ClientHello, { versions }: LegSettings): boolean {
	return hello.supportedVersions.includes(protocolVersion.tls13) && versions.includes(protocolVersion.tls13);
}

function choose(preferred: readonly number[], hello: ClientHello): number | undefined {
	return (
		preferred.find((code) => hello.keyShareGroups.includes(code)) ??
		preferred.find((code) => hello.supportedGroups.includes(code))
	);
}

function takesKey(hello: ClientHello, settings: LegSettings, isTls13: boolean, keyClass: LeafKeyClass): boolean {
	const authentication = isRsaClass(keyClass) ? "RSA" : "ECDSA";
	const schemes = hello.signatureAlgorithms;
	if (schemes.length > 0 && !signatureSchemes[keyClass].some((scheme) => schemes.includes(scheme))) return false;
	if (isTls13) return true;
	// Up to TLS 1.2 the list of groups is also that of the curves a certificate may have (RFC 8422 §5.1).
	const curve = curveOf[keyClass];
	const groups = hello.supportedGroups;
	if (curve !== undefined && groups.length > 0 && !groups.includes(curve)) return false;
	return settings.suites.some(
		(suite) => suite.authentication === authentication && hello.cipherSuites.includes(suite.code),
	);
}

const maxLegs = 1_024;
/** A few settings, groups and key types: made once. */
const legs = new BoundedMap<string, ClientLeg>(maxLegs);
const p256 = 0x0017;
const postQuantumGroups = [0x11ec, 0x11eb, 0x11ed];
const classicalGroups = [0x001d, p256, 0x0018, 0x0019, 0x001e];
const curveOf: Partial<Record<LeafKeyClass, number>> = { p256, p384: 0x0018 };
/** RSA keys sign with PSS from TLS 1.3 on, before it with PKCS #1 too. */
const rsaSchemes = [0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0201];
const signatureSchemes: Readonly<Record<LeafKeyClass, readonly number[]>> = {
	p256: [0x0403],
	p384: [0x0503],
	rsa2048: rsaSchemes,
	rsa3072: rsaSchemes,
};
