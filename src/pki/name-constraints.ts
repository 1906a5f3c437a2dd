/**
 * Name constraints of CAs against the names of the certificates below them (RFC 5280 §4.2.1.10, §6.1.3 (b) and (c)).
 *
 * - directoryName: the constraint's relative names are the first ones of the subject or directoryName.
 * - dNSName: the constraint itself or any name below it. A wildcard is excluded when any name it stands for is excluded,
 *   and permitted only when all of them are.
 * - rfc822Name: one mailbox, all mailboxes of a host, or (leading period) of every host below a domain. Applied to the
 *   subject's emailAddress too.
 * - URI: one host, or (leading period) every host below a domain.
 * - iPAddress: address and mask.
 * - Other forms cannot be compared; a name of a constrained other form is refused.
 */

import { equalBytes } from "#base/bytes.ts";
import type { Certificate } from "#pki/certificate.ts";
import type { NameConstraints } from "#pki/extensions.ts";
import { type GeneralName, generalNameText } from "#pki/general-name.ts";
import { attributeOid } from "#pki/oids.ts";
import { isDnsPattern } from "#pki/verify-name.ts";

/** Comparisons left for one chain. */
export interface ComparisonBudget {
	nameComparisons: number;
}

export interface ConstraintFailure {
	readonly code:
		| "name-constraint-violated"
		| "name-constraint-malformed"
		| "name-constraint-leading-period"
		| "too-much-work";
	readonly sentence: string;
}

/** Why constraints could never be applied; undefined when they can. */
export function malformedConstraint(
	constraints: NameConstraints,
	mayHaveLeadingPeriod: boolean,
): ConstraintFailure | undefined {
	for (const base of [...constraints.permitted, ...constraints.excluded]) {
		if (base.kind === "dns" && base.text.startsWith(".") && isDnsBase(base.text.slice(1))) {
			if (mayHaveLeadingPeriod) continue;
			const sentence = `the constraint ${generalNameText(base)} begins with a period, which DNS constraints must not`;
			return { code: "name-constraint-leading-period", sentence };
		}
		if (!isUsable(base)) {
			const sentence = `the constraint ${generalNameText(base)} is no value that names can be compared with`;
			return { code: "name-constraint-malformed", sentence };
		}
	}
	return undefined;
}

/** Checks every name of a certificate against the constraints of one CA above it. */
export function checkNameConstraints(
	constraints: NameConstraints,
	certificate: Certificate,
	budget: ComparisonBudget,
): ConstraintFailure | undefined {
	// Counted before anything is compared: many names under many constraints are refused for no work at all. A directory
	// name is compared part by part.
	let parts = certificate.subject.relativeNames.length + 1;
	for (const name of certificate.typed.subjectAltName ?? [])
		parts += name.kind === "directory" ? name.name.relativeNames.length + 1 : 1;
	budget.nameComparisons -= parts * (constraints.permitted.length + constraints.excluded.length);
	if (budget.nameComparisons < 0) {
		return { code: "too-much-work", sentence: "names and name constraints need more comparisons than are allowed" };
	}
	for (const name of constrainedNames(certificate)) {
		const failure = checkName(name, constraints);
		if (failure !== undefined) return failure;
	}
	return undefined;
}

function checkName(name: ConstrainedName, { permitted, excluded }: NameConstraints): ConstraintFailure | undefined {
	for (const base of excluded) {
		if (isSameForm(name, base) && isWithin(name, base, true))
			return violation(`${generalNameText(name.name)} is excluded by ${generalNameText(base)}`);
	}
	let isConstrained = false;
	for (const base of permitted) {
		if (!isSameForm(name, base)) continue;
		if (isWithin(name, base, false)) return undefined;
		isConstrained = true;
	}
	return isConstrained ? violation(`${generalNameText(name.name)} is not within the permitted names`) : undefined;
}

function violation(sentence: string): ConstraintFailure {
	return { code: "name-constraint-violated", sentence };
}

/** A name made ready for many comparisons. */
interface ConstrainedName {
	readonly name: GeneralName;
	/** The host in lower case: of a dNSName, mailbox or URI. Undefined when there is none to compare. */
	readonly host: string | undefined;
}

/** The names that constraints apply to: subject, subjectAltName, and e-mail addresses of the subject. */
function constrainedNames(certificate: Certificate): ConstrainedName[] {
	const { subject } = certificate;
	const names = (certificate.typed.subjectAltName ?? []).map((name) => ({ name, host: hostOf(name) }));
	if (!subject.isEmpty) names.push({ name: { kind: "directory", name: subject, raw: subject.raw }, host: undefined });
	// "…when the certificate includes no rfc822Name": checking both never accepts more.
	for (const text of subject.valuesOf(attributeOid.emailAddress)) {
		const name: GeneralName = { kind: "email", text, raw: subject.raw };
		names.push({ name, host: hostOf(name) });
	}
	return names;
}

function hostOf(name: GeneralName): string | undefined {
	switch (name.kind) {
		case "dns":
			return isDnsPattern(name.text, true) ? name.text.toLowerCase() : undefined;
		case "email":
			return splitMailbox(name.text)?.host;
		case "uri":
			return uriHost(name.text);
		default:
			return undefined;
	}
}

function isSameForm({ name }: ConstrainedName, base: GeneralName): boolean {
	if (name.kind === "other" && base.kind === "other") return name.type === base.type;
	return name.kind === base.kind;
}

/** Whether the name lies within the base. Where that cannot be told, the answer that refuses. */
function isWithin({ name, host }: ConstrainedName, base: GeneralName, isExclusion: boolean): boolean {
	if (name.kind === "ip" && base.kind === "ip") return isAddressWithin(name.octets, base.octets, isExclusion);
	if (name.kind === "directory" && base.kind === "directory") {
		const own = name.name.canonical;
		return base.name.canonical.every((relativeName, index) => relativeName === own[index]);
	}
	if (host === undefined) return isExclusion;
	if (name.kind === "dns" && base.kind === "dns") return isDnsWithin(host, base.text.toLowerCase(), isExclusion);
	if (name.kind === "uri" && base.kind === "uri") return isHostWithin(host, base.text.toLowerCase());
	if (name.kind === "email" && base.kind === "email") return isMailboxWithin(name.text, host, base.text);
	return isExclusion;
}

function isDnsWithin(name: string, constraint: string, isExclusion: boolean): boolean {
	if (isBelow(name, constraint)) return true;
	// `*.example.com` stands for `bar.example.com` too (CVE-2025-61727).
	return isExclusion && name.startsWith("*.") && constraint.slice(constraint.indexOf(".")) === name.slice(1);
}

/** `name` is `constraint` or a name below it; with a leading period only below it; the empty constraint covers all. */
function isBelow(name: string, constraint: string): boolean {
	if (constraint === "" || name === constraint) return true;
	return name.endsWith(constraint.startsWith(".") ? constraint : `.${constraint}`);
}

function isAddressWithin(address: Uint8Array, base: Uint8Array, isExclusion: boolean): boolean {
	if (address.length !== 4 && address.length !== 16) return isExclusion;
	if (base.length !== address.length * 2) return false;
	return address.every((octet, index) => {
		const mask = base[address.length + index] as number;
		return (octet & mask) === ((base[index] as number) & mask);
	});
}

function isMailboxWithin(mailbox: string, host: string, base: string): boolean {
	const at = base.lastIndexOf("@");
	if (at === -1) return isHostWithin(host, base.toLowerCase());
	return host === base.slice(at + 1).toLowerCase() && mailbox.slice(0, mailbox.lastIndexOf("@")) === base.slice(0, at);
}

/** "…applications MUST reject a URI without a host that is a fully qualified domain name." */
function uriHost(uri: string): string | undefined {
	const host = uriAuthority.exec(uri)?.[1]?.toLowerCase();
	return host !== undefined && !host.startsWith("*") && isDnsPattern(host, true) ? host : undefined;
}

/** A host alone is that host; with a leading period it is every host below. */
function isHostWithin(host: string, constraint: string): boolean {
	return constraint.startsWith(".") ? host.endsWith(constraint) : host === constraint;
}

/** Local part and lower-case host of `local@host`; undefined when it is no mailbox. Local parts in quotes are none here. */
export function splitMailbox(text: string): { readonly local: string; readonly host: string } | undefined {
	const at = text.indexOf("@");
	if (at > maxLocalPart) return undefined;
	const host = text.slice(at + 1).toLowerCase();
	if (at < 1 || !isDnsPattern(host, false) || host.startsWith("*")) return undefined;
	return localPart.test(text.slice(0, at)) ? { local: text.slice(0, at), host } : undefined;
}

function isUsable(base: GeneralName): boolean {
	switch (base.kind) {
		case "dns":
			return isDnsBase(base.text);
		case "email":
			return base.text.includes("@") ? splitMailbox(base.text) !== undefined : isHostBase(base.text);
		case "uri":
			return isHostBase(base.text);
		case "ip":
			return (base.octets.length === 8 || base.octets.length === 32) && isContiguous(base.octets);
		default:
			return true;
	}
}

function isDnsBase(text: string): boolean {
	return text === "" || (isDnsPattern(text, true) && !text.startsWith("*"));
}

function isHostBase(text: string): boolean {
	return text !== "" && isDnsBase(text.startsWith(".") ? text.slice(1) : text);
}

/** The mask half is ones, then zeros (RFC 4632 §3.1). */
function isContiguous(octets: Uint8Array): boolean {
	const mask = octets.subarray(octets.length / 2);
	const firstPartial = mask.findIndex((octet) => octet !== 0xff);
	if (firstPartial === -1) return true;
	const rest = mask.subarray(firstPartial + 1);
	return partialMasks.has(mask[firstPartial] as number) && equalBytes(rest, new Uint8Array(rest.length));
}

const partialMasks: ReadonlySet<number> = new Set([0x00, 0x80, 0xc0, 0xe0, 0xf0, 0xf8, 0xfc, 0xfe]);
/** Octets (RFC 5321 §4.5.3.1.1). */
const maxLocalPart = 64;
/** An unquoted local part (RFC 5321 §4.1.2 Dot-string). */
const localPart = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const uriAuthority = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#:@[\]]+)(?::[0-9]*)?(?:[/?#]|$)/i;
