/** Who a peer says it is, and whether that is who it must be (RFC 7296 §3.5; B24). */
import { formatAddress, parseAddress } from "#base/address.ts";
import { equalBytes } from "#base/bytes.ts";
import { matchesName, type NamePattern, nameText } from "#ike/auth/name-pattern.ts";
import { type IdentityBody, identityType } from "#ike/wire/identification.ts";
import { visibleText } from "#telemetry/display-text.ts";

export type Identity = IdentityBody;

/** Which identities of a peer are accepted. */
export type IdentityExpectation =
	/** Exactly this one; names without regard to case. */
	| { readonly kind: "exactly"; readonly identity: Identity }
	/** A subject of a certificate that has these attributes; any subject when there are none. */
	| { readonly kind: "subject"; readonly pattern: NamePattern }
	/** Whatever is authenticated: danger with certificates, every holder of one is let in (`general-ikeid`). */
	| { readonly kind: "danger-any" };

/** The identity that an address is. */
export function addressIdentity(octets: Uint8Array): Identity {
	return { idType: octets.length === 4 ? identityType.ipv4 : identityType.ipv6, data: octets };
}

/** The identity of a text: an address, an e-mail address, or a host name. */
export function textIdentity(text: string): Identity {
	const address = parseAddress(text);
	if (address !== undefined) return addressIdentity(address.octets);
	return { idType: text.includes("@") ? identityType.email : identityType.fqdn, data: Buffer.from(text, "latin1") };
}

/** True when the peer's identity is accepted. */
export function acceptsIdentity(expectation: IdentityExpectation, { idType, data }: Identity): boolean {
	if (expectation.kind === "danger-any") return true;
	if (expectation.kind === "subject")
		return idType === identityType.distinguishedName && matchesName(expectation.pattern, data);
	const { identity } = expectation;
	if (identity.idType !== idType) return false;
	const isName = idType === identityType.fqdn || idType === identityType.email;
	return isName ? textOf(identity.data) === textOf(data) : equalBytes(identity.data, data);
}

/** The identity for messages: `branch.example`, `192.0.2.1`; control characters are made visible. */
export function identityText({ idType, data }: Identity): string {
	if (idType === identityType.ipv4 || idType === identityType.ipv6) return formatAddress({ octets: data });
	if (idType === identityType.fqdn || idType === identityType.email)
		return visibleText(Buffer.from(data).toString("latin1"));
	const subject = idType === identityType.distinguishedName ? nameText(data) : undefined;
	if (subject !== undefined) return subject;
	return `identity of type ${idType}: ${Buffer.from(data.subarray(0, maxShownOctets)).toString("hex")}`;
}

function textOf(data: Uint8Array): string {
	return Buffer.from(data).toString("latin1").toLowerCase();
}

const maxShownOctets = 64;
