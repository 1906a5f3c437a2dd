/**
 * What the leg to the client uses, out of what the client offers: one group and one kind of leaf key, so that the record
 * can say which.
 */
import type { Grade } from "#tls/cipher-suites.ts";
import { cipherSuiteOf } from "#tls/cipher-suites.ts";
import type { ClientHello } from "#tls/client-hello.ts";
import { groupOf } from "#tls/key-exchange-groups.ts";
import { clientLegOptions, type LegContextOptions } from "#tls/profile.ts";
import { protocolVersion } from "#tls/record.ts";

/** `variant` is the same for equal options. */
export interface ClientLeg {
	readonly options: LegContextOptions;
	readonly variant: string;
	/** The IANA name of the only group of the context. */
	readonly group: string;
	readonly keyType: "ec" | "rsa";
}

/**
 * Post-quantum groups go before classical ones; among equals one whose key share the client sent goes first, since it
 * saves a round trip.
 */
export function planClientLeg(hello: ClientHello, grade: Grade): ClientLeg {
	const isTls13 = hello.supportedVersions.includes(protocolVersion.tls13);
	const group = (isTls13 ? choose(postQuantumGroups, hello) : undefined) ?? choose(classicalGroups, hello) ?? p256;
	const keyType = mayUseEcdsa(hello, isTls13) ? "ec" : "rsa";
	const known = legs.get(grade)?.get(`${group} ${keyType}`);
	if (known !== undefined) return known;
	const row = groupOf(group);
	const name = row?.name ?? "secp256r1";
	const options = { ...clientLegOptions(grade), ecdhCurve: row?.opensslName ?? "P-256" };
	const leg: ClientLeg = { options, variant: `${grade} ${name}`, group: name, keyType };
	const ofGrade = legs.get(grade) ?? new Map<string, ClientLeg>();
	ofGrade.set(`${group} ${keyType}`, leg);
	legs.set(grade, ofGrade);
	return leg;
}

function choose(preferred: readonly number[], hello: ClientHello): number | undefined {
	return (
		preferred.find((code) => hello.keyShareGroups.includes(code)) ??
		preferred.find((code) => hello.supportedGroups.includes(code))
	);
}

function mayUseEcdsa(hello: ClientHello, isTls13: boolean): boolean {
	const schemes = hello.signatureAlgorithms;
	if (schemes.length > 0 && !schemes.includes(ecdsaP256Sha256)) return false;
	return isTls13 || hello.cipherSuites.some((code) => cipherSuiteOf(code)?.authentication === "ECDSA");
}

/** A few grades, groups and key types: made once. */
const legs = new Map<Grade, Map<string, ClientLeg>>();
const p256 = 0x0017;
const postQuantumGroups = [0x11ec, 0x11eb, 0x11ed];
const classicalGroups = [0x001d, p256, 0x0018, 0x0019];
const ecdsaP256Sha256 = 0x0403;
