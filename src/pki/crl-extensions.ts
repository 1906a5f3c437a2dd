/** The extensions of CRLs and of their entries (RFC 5280 §5.2, §5.3). */

import { DerReader, derTag } from "#pki/der.ts";
import {
	type AuthorityKeyIdentifier,
	type DistributionPoint,
	decodeExtension,
	type Extension,
	noExtensions,
	readDistributionPointName,
} from "#pki/extensions.ts";
import { readGeneralNames } from "#pki/general-name.ts";
import type { DistinguishedName } from "#pki/name.ts";
import { extensionOid } from "#pki/oids.ts";

/** Which certificates and reasons a list speaks about (RFC 5280 §5.2.5). */
export interface IssuingDistributionPoint extends Pick<DistributionPoint, "fullName" | "relativeName"> {
	readonly onlyUserCertificates: boolean;
	readonly onlyCaCertificates: boolean;
	/** Reason flags as `namedBits` gives them; undefined means all reasons. */
	readonly onlySomeReasons: number | undefined;
	readonly isIndirect: boolean;
	readonly onlyAttributeCertificates: boolean;
	/** The extension's octets: a delta must have the same. */
	readonly raw: Uint8Array;
}

export interface CrlValues {
	/** Content octets of an INTEGER. */
	readonly number: Uint8Array | undefined;
	/** The number of the complete list that this delta builds on; undefined for a complete list. */
	readonly deltaBase: Uint8Array | undefined;
	readonly issuingDistributionPoint: IssuingDistributionPoint | undefined;
	readonly authorityKeyIdentifier: AuthorityKeyIdentifier | undefined;
	readonly freshestCrl: readonly DistributionPoint[] | undefined;
}

export interface CrlEntryValues {
	/** CRLReason; undefined when none is given. */
	readonly reason: number | undefined;
	readonly certificateIssuer: DistinguishedName | undefined;
}

/** Decodes the extensions of a list; unreadable ones and unknown critical ones are faults. */
export function decodeCrlExtensions(extensions: readonly Extension[], faults: string[]): CrlValues {
	const shared = noExtensions();
	let number: Uint8Array | undefined;
	let deltaBase: Uint8Array | undefined;
	let issuingDistributionPoint: IssuingDistributionPoint | undefined;
	for (const extension of extensions) {
		switch (extension.oid) {
			case extensionOid.crlNumber:
				number = decodeWhole(extension, "cRLNumber", faults, nonNegative);
				break;
			case extensionOid.deltaCrlIndicator:
				deltaBase = decodeWhole(extension, "deltaCRLIndicator", faults, nonNegative);
				break;
			case extensionOid.issuingDistributionPoint:
				issuingDistributionPoint = decodeWhole(extension, "issuingDistributionPoint", faults, readScope);
				break;
			case extensionOid.authorityKeyIdentifier:
			case extensionOid.freshestCrl:
				decodeExtension(extension, shared, faults);
				break;
			default:
				if (extension.isCritical)
					faults.push(`the critical CRL extension ${extension.oid} is not one that is processed`);
		}
	}
	const { authorityKeyIdentifier, freshestCrl } = shared;
	return { number, deltaBase, issuingDistributionPoint, authorityKeyIdentifier, freshestCrl };
}

/** Decodes the extensions of one entry; unreadable ones and unknown critical ones are faults of the whole list. */
export function decodeCrlEntryExtensions(extensions: readonly Extension[], faults: string[]): CrlEntryValues {
	let reason: number | undefined;
	let certificateIssuer: DistinguishedName | undefined;
	for (const extension of extensions) {
		switch (extension.oid) {
			case extensionOid.reasonCode:
				reason = decodeWhole(extension, "reasonCode", faults, (reader, what) => reader.enumerated(what));
				break;
			case extensionOid.certificateIssuer:
				certificateIssuer = decodeWhole(extension, "certificateIssuer", faults, readIssuer);
				break;
			case extensionOid.invalidityDate:
				break;
			default:
				if (extension.isCritical)
					faults.push(`the critical entry extension ${extension.oid} is not one that is processed`);
		}
	}
	return { reason, certificateIssuer };
}

function decodeWhole<T>(
	extension: Extension,
	what: string,
	faults: string[],
	decode: (reader: DerReader, what: string, faults: string[]) => T,
): T | undefined {
	const reader = new DerReader(extension.value);
	const inner: string[] = [];
	const value = decode(reader, what, inner);
	reader.close(what);
	if (reader.reason === undefined && inner.length === 0) return value;
	faults.push(reader.reason ?? inner.join("; "));
	return undefined;
}

function nonNegative(reader: DerReader, what: string): Uint8Array {
	const number = reader.integer(what);
	if ((number[0] ?? 0) >= 0x80) reader.fail(`${what}: negative`);
	return number;
}

function readIssuer(reader: DerReader, what: string, faults: string[]): DistinguishedName | undefined {
	const names = readGeneralNames(reader.open(derTag.sequence, what), what, faults);
	const directory = names.find((name) => name.kind === "directory");
	if (directory === undefined) reader.fail(`${what}: no directory name`);
	return directory?.kind === "directory" ? directory.name : undefined;
}

function readScope(reader: DerReader, what: string, faults: string[]): IssuingDistributionPoint {
	const start = reader.position;
	const sequence = reader.open(derTag.sequence, what);
	const flag = (tag: number) => sequence.peek() === tag && sequence.boolean(what, tag);
	const name = readDistributionPointName(sequence, what, faults);
	const onlyUserCertificates = flag(0x81);
	const onlyCaCertificates = flag(0x82);
	const onlySomeReasons = sequence.peek() === 0x83 ? sequence.namedBits(what, 0x83) : undefined;
	const isIndirect = flag(0x84);
	const onlyAttributeCertificates = flag(0x85);
	sequence.close(what);
	const raw = reader.octets.subarray(start, reader.position);
	const only = [onlyUserCertificates, onlyCaCertificates, onlyAttributeCertificates];
	if (only.filter(Boolean).length > 1) reader.fail(`${what}: more than one kind of certificates alone`);
	return {
		...name,
		onlyUserCertificates,
		onlyCaCertificates,
		onlySomeReasons,
		isIndirect,
		onlyAttributeCertificates,
		raw,
	};
}
