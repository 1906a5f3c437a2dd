/** The certificate extensions that validation, revocation and minting read (RFC 5280 §4.2, RFC 7633, RFC 6962). */

import { DerReader, derTag } from "#pki/der.ts";
import { type GeneralName, readGeneralName, readGeneralNames } from "#pki/general-name.ts";
import { type NameAttribute, readRelativeName } from "#pki/name.ts";
import { extensionOid } from "#pki/oids.ts";

/** An extension as it stands in a certificate, CRL or OCSP message. `value` is the content of its OCTET STRING. */
export interface Extension {
	readonly oid: string;
	readonly isCritical: boolean;
	readonly value: Uint8Array;
}

export interface BasicConstraints {
	readonly isCa: boolean;
	readonly pathLength: number | undefined;
}

export interface AuthorityKeyIdentifier {
	readonly keyIdentifier: Uint8Array | undefined;
	readonly issuer: readonly GeneralName[] | undefined;
	readonly serial: Uint8Array | undefined;
}

export interface NameConstraints {
	readonly permitted: readonly GeneralName[];
	readonly excluded: readonly GeneralName[];
}

export interface PolicyMapping {
	readonly issuerDomain: string;
	readonly subjectDomain: string;
}

export interface PolicyConstraints {
	readonly requireExplicitPolicy: number | undefined;
	readonly inhibitPolicyMapping: number | undefined;
}

/** Where a CRL is found. Exactly one of the two names is there, or neither with a `crlIssuer`. */
export interface DistributionPoint {
	readonly fullName: readonly GeneralName[] | undefined;
	readonly relativeName: readonly NameAttribute[] | undefined;
	/** Reason flags (bit 1 = keyCompromise and so on, as `namedBits` gives them); undefined means all reasons. */
	readonly reasons: number | undefined;
	readonly crlIssuer: readonly GeneralName[] | undefined;
}

export interface AccessDescription {
	readonly method: string;
	readonly location: GeneralName;
}

/** The decoded extensions by name; undefined where the certificate has none, or has one that cannot be read. */
export interface TypedExtensions {
	basicConstraints: BasicConstraints | undefined;
	/** The bits of `keyUsageBit`. */
	keyUsage: number | undefined;
	/** Purposes in dotted form. */
	extendedKeyUsage: readonly string[] | undefined;
	subjectAltName: readonly GeneralName[] | undefined;
	authorityKeyIdentifier: AuthorityKeyIdentifier | undefined;
	subjectKeyIdentifier: Uint8Array | undefined;
	nameConstraints: NameConstraints | undefined;
	/** Policies in dotted form. Qualifiers do not decide anything and are not kept. */
	certificatePolicies: readonly string[] | undefined;
	policyMappings: readonly PolicyMapping[] | undefined;
	policyConstraints: PolicyConstraints | undefined;
	inhibitAnyPolicy: number | undefined;
	crlDistributionPoints: readonly DistributionPoint[] | undefined;
	freshestCrl: readonly DistributionPoint[] | undefined;
	authorityInfoAccess: readonly AccessDescription[] | undefined;
	/** TLS extension numbers that the server promises; 5 is status_request: must-staple. */
	tlsFeatures: readonly number[] | undefined;
	/** The SignedCertificateTimestampList of RFC 6962 §3.3, in TLS encoding. */
	signedCertificateTimestamps: Uint8Array | undefined;
}

/** The bits of keyUsage (RFC 5280 §4.2.1.3). */
export const keyUsageBit = {
	digitalSignature: 1,
	nonRepudiation: 2,
	keyEncipherment: 4,
	dataEncipherment: 8,
	keyAgreement: 16,
	keyCertSign: 32,
	cRLSign: 64,
	encipherOnly: 128,
	decipherOnly: 256,
} as const;

/** No extension at all. */
export function noExtensions(): TypedExtensions {
	return {
		basicConstraints: undefined,
		keyUsage: undefined,
		extendedKeyUsage: undefined,
		subjectAltName: undefined,
		authorityKeyIdentifier: undefined,
		subjectKeyIdentifier: undefined,
		nameConstraints: undefined,
		certificatePolicies: undefined,
		policyMappings: undefined,
		policyConstraints: undefined,
		inhibitAnyPolicy: undefined,
		crlDistributionPoints: undefined,
		freshestCrl: undefined,
		authorityInfoAccess: undefined,
		tlsFeatures: undefined,
		signedCertificateTimestamps: undefined,
	};
}

/** Reads the SEQUENCE OF Extension at the reader; the same extension twice is a fault. */
export function readExtensions(reader: DerReader, what: string, faults: string[]): Extension[] {
	const sequence = reader.open(derTag.sequence, what);
	const extensions: Extension[] = [];
	const seen = new Set<string>();
	do {
		const field = sequence.open(derTag.sequence, what);
		const oid = field.oid(what);
		const isCritical = field.peek() === derTag.boolean && field.boolean(what);
		const value = field.octetString(what);
		field.close(what);
		if (seen.has(oid)) faults.push(`${what}: ${oid} occurs more than once`);
		seen.add(oid);
		extensions.push({ oid, isCritical, value });
	} while (!sequence.isAtEnd);
	return extensions;
}

/** Decodes one extension into `values` when it is one of ours; what cannot be read becomes a fault instead. */
export function decodeExtension(extension: Extension, values: TypedExtensions, faults: string[]): void {
	const field = fieldOf.get(extension.oid);
	if (field !== undefined) decodeField(field, extension.value, values, faults);
}

function decodeField<K extends keyof TypedExtensions>(
	field: K,
	octets: Uint8Array,
	values: TypedExtensions,
	faults: string[],
): void {
	const reader = new DerReader(octets);
	const innerFaults: string[] = [];
	const value = decoders[field](reader, field, innerFaults);
	reader.close(field);
	if (reader.reason !== undefined) faults.push(reader.reason);
	else if (innerFaults.length > 0) faults.push(...innerFaults.slice(0, maxFaultsPerExtension));
	else values[field] = value;
}

function basicConstraints(reader: DerReader, what: string): BasicConstraints {
	const sequence = reader.open(derTag.sequence, what);
	const isCa = sequence.peek() === derTag.boolean && sequence.boolean(what);
	const pathLength = sequence.isAtEnd ? undefined : sequence.smallInteger(`${what}: pathLenConstraint`);
	sequence.close(what);
	return { isCa, pathLength };
}

function generalNames(reader: DerReader, what: string, faults: string[]): GeneralName[] {
	return readGeneralNames(reader.open(derTag.sequence, what), what, faults);
}

function oidSequence(reader: DerReader, what: string): string[] {
	const sequence = reader.open(derTag.sequence, what);
	const oids: string[] = [];
	do oids.push(sequence.oid(what));
	while (!sequence.isAtEnd);
	return oids;
}

function authorityKeyIdentifier(reader: DerReader, what: string, faults: string[]): AuthorityKeyIdentifier {
	const sequence = reader.open(derTag.sequence, what);
	const keyIdentifier = sequence.peek() === 0x80 ? sequence.octetString(what, 0x80) : undefined;
	const issuer = sequence.peek() === 0xa1 ? readGeneralNames(sequence.open(0xa1, what), what, faults) : undefined;
	const serial = sequence.peek() === 0x82 ? sequence.integer(what, 0x82) : undefined;
	sequence.close(what);
	return { keyIdentifier, issuer, serial };
}

function nameConstraints(reader: DerReader, what: string, faults: string[]): NameConstraints {
	const sequence = reader.open(derTag.sequence, what);
	if (sequence.isAtEnd) reader.fail(`${what}: neither permitted nor excluded subtrees`);
	const permitted = sequence.peek() === 0xa0 ? subtrees(sequence.open(0xa0, what), what, faults) : [];
	const excluded = sequence.peek() === 0xa1 ? subtrees(sequence.open(0xa1, what), what, faults) : [];
	sequence.close(what);
	return { permitted, excluded };
}

function subtrees(reader: DerReader, what: string, faults: string[]): GeneralName[] {
	const bases: GeneralName[] = [];
	do {
		const subtree = reader.open(derTag.sequence, what);
		bases.push(readGeneralName(subtree, what, faults));
		// "minimum MUST be zero, and maximum MUST be absent" (RFC 5280 §4.2.1.10).
		if (subtree.peek() === 0x80 && subtree.smallInteger(what, 0x7fff_ffff, 0x80) !== 0)
			subtree.fail(`${what}: minimum must be 0`);
		subtree.close(`${what}: subtree`);
	} while (!reader.isAtEnd);
	return bases;
}

function certificatePolicies(reader: DerReader, what: string, faults: string[]): string[] {
	const sequence = reader.open(derTag.sequence, what);
	const policies = new Set<string>();
	do {
		const information = sequence.open(derTag.sequence, what);
		const policy = information.oid(what);
		if (!information.isAtEnd) information.open(derTag.sequence, `${what}: qualifiers`);
		information.close(what);
		if (policies.has(policy)) faults.push(`${what}: ${policy} occurs more than once`);
		policies.add(policy);
	} while (!sequence.isAtEnd);
	return [...policies];
}

function policyMappings(reader: DerReader, what: string): PolicyMapping[] {
	const sequence = reader.open(derTag.sequence, what);
	const mappings: PolicyMapping[] = [];
	do {
		const pair = sequence.open(derTag.sequence, what);
		mappings.push({ issuerDomain: pair.oid(what), subjectDomain: pair.oid(what) });
		pair.close(what);
	} while (!sequence.isAtEnd);
	return mappings;
}

function policyConstraints(reader: DerReader, what: string): PolicyConstraints {
	const sequence = reader.open(derTag.sequence, what);
	if (sequence.isAtEnd) reader.fail(`${what}: an empty sequence`);
	const skip = (tag: number) => (sequence.peek() === tag ? sequence.smallInteger(what, 0x7fff_ffff, tag) : undefined);
	const requireExplicitPolicy = skip(0x80);
	const inhibitPolicyMapping = skip(0x81);
	sequence.close(what);
	return { requireExplicitPolicy, inhibitPolicyMapping };
}

function distributionPoints(reader: DerReader, what: string, faults: string[]): DistributionPoint[] {
	const sequence = reader.open(derTag.sequence, what);
	const points: DistributionPoint[] = [];
	do {
		const point = sequence.open(derTag.sequence, what);
		const name = readDistributionPointName(point, what, faults);
		const reasons = point.peek() === 0x81 ? point.namedBits(`${what}: reasons`, 0x81) : undefined;
		const crlIssuer = point.peek() === 0xa2 ? readGeneralNames(point.open(0xa2, what), what, faults) : undefined;
		point.close(what);
		points.push({ ...name, reasons, crlIssuer });
	} while (!sequence.isAtEnd);
	return points;
}

/** Reads the optional `[0] DistributionPointName` of a distribution point or an issuing distribution point. */
export function readDistributionPointName(
	reader: DerReader,
	what: string,
	faults: string[],
): Pick<DistributionPoint, "fullName" | "relativeName"> {
	if (reader.peek() !== 0xa0) return { fullName: undefined, relativeName: undefined };
	const choice = reader.open(0xa0, what);
	const isRelative = choice.peek() === 0xa1;
	const inner = choice.open(isRelative ? 0xa1 : 0xa0, `${what}: distributionPoint`);
	choice.close(what);
	return isRelative
		? { fullName: undefined, relativeName: readRelativeName(inner, what, faults) }
		: { fullName: readGeneralNames(inner, what, faults), relativeName: undefined };
}

function authorityInfoAccess(reader: DerReader, what: string, faults: string[]): AccessDescription[] {
	const sequence = reader.open(derTag.sequence, what);
	const descriptions: AccessDescription[] = [];
	do {
		const description = sequence.open(derTag.sequence, what);
		const method = description.oid(what);
		descriptions.push({ method, location: readGeneralName(description, what, faults) });
		description.close(what);
	} while (!sequence.isAtEnd);
	return descriptions;
}

function tlsFeatures(reader: DerReader, what: string): number[] {
	const sequence = reader.open(derTag.sequence, what);
	const features: number[] = [];
	while (!sequence.isAtEnd) features.push(sequence.smallInteger(what, 0xffff));
	return features;
}

type Decoders = {
	readonly [K in keyof TypedExtensions]: (reader: DerReader, what: string, faults: string[]) => TypedExtensions[K];
};

const maxFaultsPerExtension = 3;

const decoders: Decoders = {
	basicConstraints,
	keyUsage: (reader, what) => reader.namedBits(what),
	extendedKeyUsage: oidSequence,
	subjectAltName: generalNames,
	authorityKeyIdentifier,
	subjectKeyIdentifier: (reader, what) => reader.octetString(what),
	nameConstraints,
	certificatePolicies,
	policyMappings,
	policyConstraints,
	inhibitAnyPolicy: (reader, what) => reader.smallInteger(what),
	crlDistributionPoints: distributionPoints,
	freshestCrl: distributionPoints,
	authorityInfoAccess,
	tlsFeatures,
	signedCertificateTimestamps: (reader, what) => reader.octetString(what),
};

const fieldOf: ReadonlyMap<string, keyof TypedExtensions> = new Map([
	[extensionOid.basicConstraints, "basicConstraints"],
	[extensionOid.keyUsage, "keyUsage"],
	[extensionOid.extendedKeyUsage, "extendedKeyUsage"],
	[extensionOid.subjectAltName, "subjectAltName"],
	[extensionOid.authorityKeyIdentifier, "authorityKeyIdentifier"],
	[extensionOid.subjectKeyIdentifier, "subjectKeyIdentifier"],
	[extensionOid.nameConstraints, "nameConstraints"],
	[extensionOid.certificatePolicies, "certificatePolicies"],
	[extensionOid.policyMappings, "policyMappings"],
	[extensionOid.policyConstraints, "policyConstraints"],
	[extensionOid.inhibitAnyPolicy, "inhibitAnyPolicy"],
	[extensionOid.crlDistributionPoints, "crlDistributionPoints"],
	[extensionOid.freshestCrl, "freshestCrl"],
	[extensionOid.authorityInfoAccess, "authorityInfoAccess"],
	[extensionOid.tlsFeature, "tlsFeatures"],
	[extensionOid.signedCertificateTimestamps, "signedCertificateTimestamps"],
]);
