/** What another configuration means for the associations that stand (B30). */
import { type Address, formatAddress } from "#base/address.ts";
import { equalBytes } from "#base/bytes.ts";
import type { Identity, IdentityExpectation } from "#ike/auth/identity.ts";
import { describeProposal } from "#ike/crypto/proposal.ts";
import type {
	CertificateTrust,
	ChildConfig,
	Connection,
	LocalAuthentication,
	RemoteAuthentication,
} from "#ike/v2/connection.ts";
import { selectorText } from "#ike/v2/narrow-selectors.ts";

/**
 * `none`: nothing has changed. `kept`: what stands stays, and the new statements hold from the next negotiation on.
 * `anew`: between other places, or authenticated otherwise; the association has to end.
 */
export type ConnectionChange = "none" | "kept" | "anew";

/** How one connection of a name differs from the other. */
export function connectionChange(before: Connection, after: Connection): ConnectionChange {
	if (foundation(before) !== foundation(after) || !isSameAuthentication(before, after)) return "anew";
	return terms(before) === terms(after) ? "none" : "kept";
}

/** True when nothing but the address of this end is another one. */
export function isMoved(before: Connection, after: Connection): boolean {
	const isElsewhere = formatAddress(before.local) !== formatAddress(after.local);
	return isElsewhere && connectionChange({ ...before, local: after.local }, after) !== "anew";
}

/** True when what was agreed for one child is what would be agreed for the other; how long keys are used may differ. */
export function isSameChild(one: ChildConfig, other: ChildConfig): boolean {
	return childTerms(one) === childTerms(other);
}

/** Between whom. */
function foundation({ local, remote, localIdentity, remoteIdentity, hasNatTraversal, isMobile }: Connection): string {
	const addresses = (all: readonly Address[] | undefined) => all?.map(formatAddress).join(" ") ?? "anywhere";
	return [
		formatAddress(local),
		addresses(remote),
		identityKey(localIdentity),
		expectationKey(remoteIdentity),
		hasNatTraversal,
		isMobile === true,
	].join("|");
}

/** What is negotiated and how it is kept. */
function terms({
	proposals,
	lifetime,
	children,
	startsImmediately,
	liveness,
	natKeepalive,
	maxAssociations,
}: Connection): string {
	const ofChildren = children
		.map((child) => [child.name, childTerms(child), child.lifetime, child.maxOctets, child.idleTime].join(" "))
		.sort();
	const rest = [lifetime, startsImmediately, liveness?.interval, liveness?.mode, natKeepalive, maxAssociations];
	return [proposals.map(describeProposal), ofChildren.join(";"), ...rest].join("|");
}

function childTerms({ localSelectors, remoteSelectors, proposals }: ChildConfig): string {
	const selectors = [localSelectors, remoteSelectors].map((all) => all.map(selectorText).join(","));
	const esn = proposals.map(({ hasExtendedSequenceNumbers }) => hasExtendedSequenceNumbers);
	return [...selectors, proposals.map(describeProposal), esn].join("|");
}

function isSameAuthentication(before: Connection, after: Connection): boolean {
	return (
		isSameLocal(before.localAuthentication, after.localAuthentication) &&
		isSameRemote(before.remoteAuthentication, after.remoteAuthentication)
	);
}

function isSameLocal(one: LocalAuthentication, other: LocalAuthentication): boolean {
	if (one.kind === "shared-key") return other.kind === "shared-key" && one.key.equals(other.key);
	if (one.kind === "eap") return other.kind === "eap" && one.name === other.name && equalBytes(one.hash, other.hash);
	return other.kind === "certificate" && isSameList(one.certificates, other.certificates);
}

function isSameRemote(one: RemoteAuthentication, other: RemoteAuthentication): boolean {
	if (one.kind === "shared-key") return other.kind === "shared-key" && one.key.equals(other.key);
	// Of users each is looked at by itself: whose password is another one has to come again.
	if (one.kind === "eap") return other.kind === "eap" && isSameTrust(one.certificates, other.certificates);
	return other.kind === "certificate" && isSameTrust(one, other);
}

function isSameTrust(one: CertificateTrust | undefined, other: CertificateTrust | undefined): boolean {
	if (one === undefined || other === undefined) return one === other;
	return equalBytes(one.authorities, other.authorities) && isSameList(one.anchors ?? [], other.anchors ?? []);
}

function isSameList(one: readonly Uint8Array[], other: readonly Uint8Array[]): boolean {
	return one.length === other.length && one.every((octets, index) => equalBytes(octets, other[index] as Uint8Array));
}

function identityKey({ idType, data }: Identity): string {
	return `${idType} ${Buffer.from(data).toString("hex")}`;
}

function expectationKey(expectation: IdentityExpectation): string {
	if (expectation.kind === "danger-any") return "any";
	if (expectation.kind === "exactly") return identityKey(expectation.identity);
	return JSON.stringify([expectation.pattern.container, expectation.pattern.wildcard]);
}
