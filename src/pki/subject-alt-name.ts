/** The subjectAltName of a certificate that is asked for: names as an operator writes them, checked, then encoded. */

import { Buffer } from "node:buffer";
import { parseAddress } from "#base/address.ts";
import { normalizeHostName } from "#base/host-name.ts";
import { contextTag, derElement, derSequence } from "#pki/der.ts";

/** Each list may be absent or empty, but one name must be there. */
export interface SubjectAltNames {
	/** Host names, or `*.` before one. */
	readonly dns?: readonly string[] | undefined;
	readonly email?: readonly string[] | undefined;
	/** IPv4 or IPv6 addresses as text. */
	readonly ip?: readonly string[] | undefined;
	readonly uri?: readonly string[] | undefined;
}

/**
 * Why the names cannot be asked for; undefined when they can.
 *
 * Bounds: at most 1000 names, 255 characters each (a URI 2048).
 * Source: RFC 5280 §4.2.1.6; RFC 9525 §6.3 and CA/Browser Forum BR 1.6.1 for the place of the asterisk.
 */
export function checkSubjectAltNames(names: SubjectAltNames): string | undefined {
	const { dns = [], email = [], ip = [], uri = [] } = names;
	const count = dns.length + email.length + ip.length + uri.length;
	if (count === 0) return "no name is given; expected a domain name, an e-mail address, an IP address or a URI";
	if (count > maxNames) return `${count} names; at most ${maxNames}`;
	return first(dns, checkDns) ?? first(email, checkEmail) ?? first(ip, checkIp) ?? first(uri, checkUri);
}

/**
 * The value of a subjectAltName extension, a SEQUENCE OF GeneralName in the order dns, email, ip, uri. Host names are
 * written in lower case without a final dot.
 *
 * Faults: throws when `checkSubjectAltNames` refuses the names; ask it first.
 */
export function encodeSubjectAltName(names: SubjectAltNames): Uint8Array {
	const reason = checkSubjectAltNames(names);
	if (reason !== undefined) throw new Error(`subjectAltName: ${reason}`);
	const { dns = [], email = [], ip = [], uri = [] } = names;
	return derSequence(
		...dns.map((name) => derElement(contextTag(2), Buffer.from(hostOf(name) ?? "", "latin1"))),
		...email.map((address) => derElement(contextTag(1), Buffer.from(address, "latin1"))),
		...ip.map((address) => derElement(contextTag(7), parseAddress(address)?.octets ?? new Uint8Array(0))),
		...uri.map((text) => derElement(contextTag(6), Buffer.from(text, "latin1"))),
	);
}

function first(values: readonly string[], check: (value: string) => string | undefined): string | undefined {
	for (const value of values) {
		const reason = check(value);
		if (reason !== undefined) return reason;
	}
	return undefined;
}

function checkDns(name: string): string | undefined {
	const shown = show(name);
	if (name.includes("*") && (!name.startsWith("*.") || name.includes("*", 1)))
		return `domain name ${shown}: an asterisk must be the whole left-most label, as in *.company.example`;
	if (parseAddress(name) !== undefined) return `domain name ${shown}: this is an IP address; give it as one`;
	if (hostOf(name) !== undefined) return undefined;
	const isWildcard = name.startsWith("*.");
	const ascii = isAscii(name) ? undefined : asciiHost(isWildcard ? name.slice(2) : name);
	if (ascii === undefined) return `domain name ${shown}: expected letters, digits and hyphens between periods`;
	return `domain name ${shown}: not ASCII; write it as ${isWildcard ? "*." : ""}${ascii} if that is the name you mean`;
}

/** The A-label form that a browser would use (UTS #46); undefined when there is none. */
function asciiHost(name: string): string | undefined {
	const url = URL.parse(`http://${name}/`);
	return url === null || url.pathname !== "/" || url.port !== "" ? undefined : normalizeHostName(url.hostname);
}

/** A Mailbox without display name (RFC 5321 §4.1.2), local part as dot-atom. */
function checkEmail(address: string): string | undefined {
	const shown = show(address);
	if (!isAscii(address)) return `e-mail address ${shown}: only ASCII can stand in a certificate's e-mail name`;
	const at = address.lastIndexOf("@");
	const isGood = address.length <= 254 && dotAtom.test(address.slice(0, at)) && at <= 64;
	if (!isGood || normalizeHostName(address.slice(at + 1)) === undefined)
		return `e-mail address ${shown}: expected name@company.example`;
	return undefined;
}

function checkIp(address: string): string | undefined {
	if (parseAddress(address) !== undefined) return undefined;
	return `IP address ${show(address)}: expected an IPv4 or IPv6 address without prefix length`;
}

/** An absolute URI with a host or a path (RFC 3986 §4.3), printable ASCII only. */
function checkUri(text: string): string | undefined {
	if (text.length <= maxUriLength && absoluteUri.test(text) && URL.canParse(text)) return undefined;
	return `URI ${show(text)}: expected an absolute URI such as spiffe://company.example/service`;
}

/** The name in normal form, `*.` kept; undefined when it is none. */
function hostOf(name: string): string | undefined {
	if (!isAscii(name)) return undefined;
	if (!name.startsWith("*.")) return normalizeHostName(name);
	const host = normalizeHostName(name.slice(2));
	// "*." takes two of the 253 characters too.
	return host === undefined || host.length > 251 ? undefined : `*.${host}`;
}

function isAscii(text: string): boolean {
	return /^[\x20-\x7e]*$/.test(text);
}

/** The value in quotation marks, cut and without control characters. */
function show(text: string): string {
	const cut = text.length > 80 ? `${text.slice(0, 80)}...` : text;
	return JSON.stringify(cut).replaceAll("\u007f", "\\u007f");
}

const dotAtom = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const absoluteUri = /^[A-Za-z][A-Za-z0-9+.-]*:[\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e%]+$/;
const maxNames = 1000;
const maxUriLength = 2048;
