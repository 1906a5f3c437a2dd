/** CRLs for tests: any field right or wrong on purpose. */

import { concat } from "#base/bytes.ts";
import { type Crl, decodeCrl } from "#pki/crl.ts";
import {
	contextTag,
	derBitString,
	derBoolean,
	derConstructed,
	derEnumerated,
	derInteger,
	derNamedBits,
	derOctetString,
	derOid,
	derSequence,
	derTime,
} from "#pki/der.ts";
import { extensionOid } from "#pki/oids.ts";
import {
	type HashName,
	type Made,
	makeGeneralName,
	makeName,
	signOctets,
	type TestExtension,
} from "./make-certificate.ts";

export interface RevokedRequest {
	readonly serial: bigint | Uint8Array;
	/** CRLReason by number. */
	readonly reason?: number;
	/** Directory name of the certificate's issuer, for indirect lists. */
	readonly issuer?: string;
	readonly extensions?: readonly TestExtension[];
}

export interface ScopeRequest {
	/** General names of the distribution point, as `makeGeneralName` takes them. */
	readonly names?: readonly string[];
	readonly onlyUsers?: boolean;
	readonly onlyCas?: boolean;
	readonly onlyAttributes?: boolean;
	/** Reason bits: 2 is keyCompromise and so on. */
	readonly reasons?: number;
	readonly isIndirect?: boolean;
}

export interface CrlRequest {
	readonly issuer: Made;
	/** Another issuer name than the signer's subject. */
	readonly issuerName?: string;
	readonly thisUpdate?: number;
	/** `null` leaves it out. */
	readonly nextUpdate?: number | null;
	readonly revoked?: readonly RevokedRequest[];
	/** `null` leaves the CRL number out. Default 1. */
	readonly number?: bigint | null;
	readonly deltaBase?: bigint;
	readonly scope?: ScopeRequest;
	readonly extensions?: readonly TestExtension[];
	readonly version?: 1 | 2;
	readonly hash?: HashName;
	readonly hasBrokenSignature?: boolean;
}

/** Makes and decodes one list. */
export function makeCrl(request: CrlRequest): Crl {
	const decoded = decodeCrl(makeCrlDer(request));
	if (decoded.kind !== "done") throw new Error(`the test CRL cannot be decoded: ${JSON.stringify(decoded)}`);
	return decoded.value;
}

/** One list in DER. */
export function makeCrlDer(request: CrlRequest): Uint8Array {
	const { issuer } = request;
	const { algorithm } = signOctets(new Uint8Array(1), issuer.privateKey, request.hash);
	const thisUpdate = request.thisUpdate ?? Date.now() - hour;
	const nextUpdate = request.nextUpdate === undefined ? Date.now() + 24 * hour : request.nextUpdate;
	const entries = (request.revoked ?? []).map(revokedEntry);
	const tbs = derSequence(
		...(request.version === 1 ? [] : [derInteger(1)]),
		algorithm,
		request.issuerName === undefined ? issuer.certificate.subject.raw : makeName(request.issuerName),
		derTime(thisUpdate),
		...(nextUpdate === null ? [] : [derTime(nextUpdate)]),
		...(entries.length === 0 ? [] : [derSequence(concat(entries))]),
		...listExtensions(request),
	);
	const { signature } = signOctets(tbs, issuer.privateKey, request.hash);
	const last = signature.length - 1;
	if (request.hasBrokenSignature === true) signature[last] = (signature[last] as number) ^ 1;
	return derSequence(tbs, algorithm, derBitString(signature));
}

function listExtensions(request: CrlRequest): Uint8Array[] {
	const extensions: TestExtension[] = [...(request.extensions ?? [])];
	const number = request.number === undefined ? 1n : request.number;
	if (number !== null && !extensions.some(({ oid }) => oid === extensionOid.crlNumber))
		extensions.push({ oid: extensionOid.crlNumber, value: derInteger(number) });
	if (request.deltaBase !== undefined)
		extensions.push({ oid: extensionOid.deltaCrlIndicator, critical: true, value: derInteger(request.deltaBase) });
	if (request.scope !== undefined)
		extensions.push({ oid: extensionOid.issuingDistributionPoint, critical: true, value: scopeValue(request.scope) });
	return extensions.length === 0 || request.version === 1 ? [] : [derConstructed(0, encodeExtensions(extensions))];
}

/** The value of an issuingDistributionPoint extension. */
export function scopeValue(scope: ScopeRequest): Uint8Array {
	const flag = (number: number, isSet: boolean | undefined) =>
		isSet === true ? [Uint8Array.of(contextTag(number), 1, 0xff)] : [];
	return derSequence(
		...(scope.names === undefined ? [] : [derConstructed(0, derConstructed(0, ...scope.names.map(makeGeneralName)))]),
		...flag(1, scope.onlyUsers),
		...flag(2, scope.onlyCas),
		...(scope.reasons === undefined ? [] : [derNamedBits(scope.reasons, contextTag(3))]),
		...flag(4, scope.isIndirect),
		...flag(5, scope.onlyAttributes),
	);
}

/** A crlDistributionPoints extension with one point: its names and, for indirect lists, the CRL issuer. */
export function distributionPoint(names: readonly string[], crlIssuer?: string, reasons?: number): TestExtension {
	const point = derSequence(
		...(names.length === 0 ? [] : [derConstructed(0, derConstructed(0, ...names.map(makeGeneralName)))]),
		...(reasons === undefined ? [] : [derNamedBits(reasons, contextTag(1))]),
		...(crlIssuer === undefined ? [] : [derConstructed(2, makeGeneralName(`dn:${crlIssuer}`))]),
	);
	return { oid: extensionOid.crlDistributionPoints, value: derSequence(point) };
}

function revokedEntry({ serial, reason, issuer, extensions = [] }: RevokedRequest): Uint8Array {
	const own: TestExtension[] = [...extensions];
	if (reason !== undefined) own.push({ oid: extensionOid.reasonCode, value: derEnumerated(reason) });
	if (issuer !== undefined) {
		const value = derSequence(makeGeneralName(`dn:${issuer}`));
		own.push({ oid: extensionOid.certificateIssuer, critical: true, value });
	}
	const number = derInteger(serial);
	return derSequence(number, derTime(Date.now() - hour), ...(own.length === 0 ? [] : [encodeExtensions(own)]));
}

function encodeExtensions(extensions: readonly TestExtension[]): Uint8Array {
	return derSequence(
		...extensions.map(({ oid, critical, value }) =>
			derSequence(derOid(oid), ...(critical === true ? [derBoolean(true)] : []), derOctetString(value)),
		),
	);
}

const hour = 3_600_000;
