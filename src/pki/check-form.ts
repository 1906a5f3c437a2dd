/**
 * Rules about the form of a certificate that profiles differ about: identifiers, criticality, the names of a leaf.
 * Asked once a path has reached an anchor, so that an unknown issuer is reported as such.
 *
 * Source: RFC 5280 §4.2; CA/Browser Forum Baseline Requirements §7.1.
 */

import { formatAddress, parseAddress } from "#base/address.ts";
import { equalBytes } from "#base/bytes.ts";
import type { Certificate } from "#pki/certificate.ts";
import { type CheckContext, firstRefusal, type Place, type Rule, type Violation } from "#pki/check-certificate.ts";
import { keyUsageBit } from "#pki/extensions.ts";
import type { GeneralName } from "#pki/general-name.ts";
import { commonNames } from "#pki/name.ts";
import { splitMailbox } from "#pki/name-constraints.ts";
import { extensionOid, purposeOid } from "#pki/oids.ts";
import type { Refusal } from "#pki/validation-profile.ts";
import { isDnsPattern } from "#pki/verify-name.ts";

export interface FormContext extends CheckContext {
	readonly isPublicSuffix: ((name: string) => boolean) | undefined;
}

/** The first rule of form that the certificate breaks and the profile refuses for, or undefined. */
export function checkForm(
	certificate: Certificate,
	place: Place,
	depth: number,
	context: FormContext,
): Refusal | undefined {
	return firstRefusal(place === "leaf" ? leafRules : issuerRules, certificate, place, depth, context);
}

type FormRule = Rule<FormContext>;

function issuerNamed({ issuer }: Certificate): Violation | undefined {
	return issuer.isEmpty ? { code: "issuer-name-empty", sentence: "the issuer's name is empty" } : undefined;
}

function serialNumber({ serial }: Certificate, _: FormContext, place: Place): Violation | undefined {
	if (place === "anchor") return undefined;
	const isPositive = (serial[0] as number) < 0x80 && serial.some((octet) => octet !== 0);
	if (isPositive && serial.length <= 20) return undefined;
	return {
		code: "serial-number",
		sentence: `a serial number of ${serial.length} octets that is too long or not positive`,
	};
}

function pointersNotCritical(certificate: Certificate): Violation | undefined {
	const oid = neverCritical.find((oid) => certificate.extension(oid)?.isCritical === true);
	return oid === undefined
		? undefined
		: { code: "extension-must-not-be-critical", sentence: `extension ${oid} is critical` };
}

function policyCritical(certificate: Certificate): Violation | undefined {
	const oid = policyExtensions.find((oid) => certificate.extension(oid)?.isCritical === false);
	return oid === undefined
		? undefined
		: { code: "policy-constraints-not-critical", sentence: `extension ${oid} is not critical` };
}

function nameConstraintsCritical(certificate: Certificate): Violation | undefined {
	if (certificate.extension(extensionOid.nameConstraints)?.isCritical !== false) return undefined;
	return { code: "name-constraints-not-critical", sentence: "nameConstraints is not critical" };
}

function authorityKey({ typed }: Certificate, _: FormContext, place: Place): Violation | undefined {
	if (place === "anchor" || typed.authorityKeyIdentifier?.keyIdentifier !== undefined) return undefined;
	return { code: "authority-key-identifier-missing", sentence: "there is no authority key identifier" };
}

function anchorAuthorityKey(certificate: Certificate, _: FormContext, place: Place): Violation | undefined {
	if (place !== "anchor") return undefined;
	const authority = certificate.typed.authorityKeyIdentifier;
	if (!certificate.isSelfIssued)
		return authority === undefined
			? {
					code: "anchor-authority-key-identifier-missing",
					sentence: "it is not self-issued and names no authority key",
				}
			: undefined;
	if (authority === undefined) return undefined;
	const own = certificate.typed.subjectKeyIdentifier;
	const isOwn = authority.keyIdentifier !== undefined && own !== undefined && equalBytes(authority.keyIdentifier, own);
	if (isOwn && authority.issuer === undefined && authority.serial === undefined) return undefined;
	return {
		code: "anchor-authority-key-identifier",
		sentence: "its authorityKeyIdentifier must be its subjectKeyIdentifier and nothing else",
	};
}

function constraintsCritical(certificate: Certificate): Violation | undefined {
	if (certificate.extension(extensionOid.basicConstraints)?.isCritical !== false) return undefined;
	return { code: "ca-basic-constraints-critical", sentence: "basicConstraints is not critical" };
}

function caKeyIdentifier({ typed, fingerprint }: Certificate): Violation | undefined {
	if (typed.subjectKeyIdentifier !== undefined || anchorsWithoutKeyIdentifier.has(fingerprint)) return undefined;
	return { code: "ca-subject-key-identifier", sentence: "a CA without subjectKeyIdentifier" };
}

function anchorPurpose({ typed }: Certificate, _: FormContext, place: Place): Violation | undefined {
	if (place !== "anchor" || typed.extendedKeyUsage === undefined) return undefined;
	return { code: "anchor-extended-key-usage", sentence: "a trust anchor with extendedKeyUsage" };
}

function caUsage({ typed }: Certificate, _: FormContext, place: Place): Violation | undefined {
	if (place === "anchor" || typed.keyUsage !== undefined) return undefined;
	return { code: "ca-key-usage-missing", sentence: "an intermediate without keyUsage" };
}

function leafNoCertSign({ typed }: Certificate): Violation | undefined {
	if (typed.basicConstraints?.isCa === true || ((typed.keyUsage ?? 0) & keyUsageBit.keyCertSign) === 0)
		return undefined;
	return { code: "leaf-key-cert-sign", sentence: "keyCertSign is set and basicConstraints does not say CA" };
}

function leafNoConstraints({ typed }: Certificate): Violation | undefined {
	if (typed.basicConstraints?.isCa === true || typed.nameConstraints === undefined) return undefined;
	return { code: "leaf-name-constraints", sentence: "nameConstraints in a certificate that is no CA" };
}

function leafNoCa({ typed }: Certificate, { purpose }: FormContext): Violation | undefined {
	if (typed.basicConstraints?.isCa !== true || purpose !== purposeOid.serverAuth) return undefined;
	return { code: "leaf-is-ca", sentence: "a CA certificate stands in for a server's" };
}

function leafPurposeMissing({ typed }: Certificate): Violation | undefined {
	if (typed.extendedKeyUsage !== undefined) return undefined;
	return { code: "leaf-extended-key-usage-missing", sentence: "there is no extendedKeyUsage" };
}

function leafPurposeAny({ typed }: Certificate): Violation | undefined {
	if (typed.extendedKeyUsage?.includes(purposeOid.any) !== true) return undefined;
	return { code: "leaf-extended-key-usage-any", sentence: "extendedKeyUsage holds anyExtendedKeyUsage" };
}

function leafPurposeCritical(certificate: Certificate): Violation | undefined {
	if (certificate.extension(extensionOid.extendedKeyUsage)?.isCritical !== true) return undefined;
	return { code: "leaf-extended-key-usage-critical", sentence: "extendedKeyUsage is critical" };
}

function leafNamed({ typed }: Certificate): Violation | undefined {
	return typed.subjectAltName === undefined
		? { code: "leaf-names-missing", sentence: "there is no subjectAltName" }
		: undefined;
}

function leafNamesCriticality(certificate: Certificate): Violation | undefined {
	const isNamed = !certificate.subject.isEmpty;
	if (certificate.extension(extensionOid.subjectAltName)?.isCritical !== isNamed) return undefined;
	return isNamed
		? { code: "leaf-names-critical", sentence: "subjectAltName is critical although there is a subject" }
		: { code: "leaf-names-not-critical", sentence: "subjectAltName is not critical although the subject is empty" };
}

function leafDnsSyntax({ typed }: Certificate): Violation | undefined {
	for (const name of typed.subjectAltName ?? []) {
		if (name.kind === "dns" && !isDnsPattern(name.text, false))
			return { code: "leaf-dns-name-syntax", sentence: `the dNSName ${JSON.stringify(name.text)} is no host name` };
	}
	return undefined;
}

function leafAddressSyntax({ typed }: Certificate): Violation | undefined {
	for (const name of typed.subjectAltName ?? []) {
		if (name.kind === "ip" && name.octets.length !== 4 && name.octets.length !== 16)
			return { code: "leaf-address-syntax", sentence: `an iPAddress of ${name.octets.length} octets` };
	}
	return undefined;
}

function leafEmailSyntax({ typed }: Certificate): Violation | undefined {
	for (const name of typed.subjectAltName ?? []) {
		if (name.kind === "email" && splitMailbox(name.text) === undefined)
			return { code: "leaf-email-syntax", sentence: `the rfc822Name ${JSON.stringify(name.text)} is no mailbox` };
	}
	return undefined;
}

function leafPublicSuffix({ typed }: Certificate, { isPublicSuffix }: FormContext): Violation | undefined {
	for (const name of typed.subjectAltName ?? []) {
		if (name.kind !== "dns" || !name.text.startsWith("*.")) continue;
		const parent = name.text.slice(2).toLowerCase();
		if (!parent.includes(".") || isPublicSuffix?.(parent) === true)
			return { code: "leaf-wildcard-public-suffix", sentence: `${name.text} covers a public suffix` };
	}
	return undefined;
}

function leafCommonName(certificate: Certificate): Violation | undefined {
	const names = certificate.typed.subjectAltName ?? [];
	if (!names.some((name) => name.kind === "dns" || name.kind === "ip")) return undefined;
	const common = commonNames(certificate.subject).find((text) => !isAmong(text, names));
	return common === undefined
		? undefined
		: { code: "leaf-common-name", sentence: `the common name ${JSON.stringify(common)} is not in subjectAltName` };
}

/** As above, passing over a domain that stands above one of the names and a DNS name where there are none to compare. */
function leafCommonNameForeign(certificate: Certificate): Violation | undefined {
	const names = certificate.typed.subjectAltName ?? [];
	const dnsNames = names.flatMap((name) => (name.kind === "dns" ? [name.text] : []));
	if (dnsNames.length === 0 && !names.some((name) => name.kind === "ip")) return undefined;
	const isKindred = (common: string) =>
		isDnsPattern(common, true) &&
		(dnsNames.length === 0 || dnsNames.some((name) => name.length > common.length && name.endsWith(`.${common}`)));
	const common = commonNames(certificate.subject).find((text) => !isAmong(text, names) && !isKindred(text));
	return common === undefined
		? undefined
		: { code: "leaf-common-name-foreign", sentence: `the common name ${JSON.stringify(common)} is none of its names` };
}

/** Character for character: a dNSName as it stands, an address in its canonical text. */
function isAmong(common: string, names: readonly GeneralName[]): boolean {
	const address = parseAddress(common);
	return names.some((name) => {
		if (name.kind === "dns") return name.text === common;
		if (name.kind !== "ip" || address === undefined || formatAddress(address) !== common) return false;
		return equalBytes(name.octets, address.octets);
	});
}

const everywhere: readonly FormRule[] = [
	issuerNamed,
	serialNumber,
	pointersNotCritical,
	policyCritical,
	nameConstraintsCritical,
	authorityKey,
];

const issuerRules: readonly FormRule[] = [
	...everywhere,
	anchorAuthorityKey,
	constraintsCritical,
	caKeyIdentifier,
	anchorPurpose,
	caUsage,
];

const leafRules: readonly FormRule[] = [
	...everywhere,
	leafNoCertSign,
	leafNoConstraints,
	leafNoCa,
	leafPurposeMissing,
	leafPurposeAny,
	leafPurposeCritical,
	leafNamed,
	leafNamesCriticality,
	leafDnsSyntax,
	leafAddressSyntax,
	leafEmailSyntax,
	leafPublicSuffix,
	leafCommonName,
	leafCommonNameForeign,
];

const neverCritical: readonly string[] = [
	extensionOid.authorityKeyIdentifier,
	extensionOid.subjectKeyIdentifier,
	extensionOid.authorityInfoAccess,
];

const policyExtensions: readonly string[] = [extensionOid.policyConstraints, extensionOid.inhibitAnyPolicy];

/**
 * Publicly trusted roots that were made without subjectKeyIdentifier, by SHA-256: TWCA Global Root CA (2012). Refusing
 * them would refuse the good servers below.
 */
const anchorsWithoutKeyIdentifier: ReadonlySet<string> = new Set([
	"59769007f7685d0fcd50872f9f95d5755a5b2b457d81f3692b610a98672f0e1b",
]);
