/** What a commit says about policies and the names they use. */
import { Remembered } from "#base/remembered.ts";
import { error, type Finding, warning } from "#config/finding.ts";
import { type Book, verifyBook } from "#policy/address-book-schema.ts";
import { findShadowed, type ShadowSearch } from "#policy/find-shadowed.ts";
import { orderPolicies } from "#policy/order-policies.ts";
import type { ZonePolicy } from "#policy/policies-schema.ts";
import type { PolicyConfig } from "#policy/schema.ts";
import { servicesWarnings } from "#policy/services-warnings.ts";
import { verifyMatch } from "#policy/verify-match.ts";
import { booksByZone, globalBook } from "#policy/zone-books.ts";
import { verifyTraceFile } from "#telemetry/trace-file.ts";

/** Address books: their entries, and that each zone has at most one besides the global one. */
export function verifyAddressBooks({ security }: PolicyConfig): readonly Finding[] {
	const { addressBook, zones } = security;
	return ofBooks.of(addressBook, [zones], () => findingsOfBooks(security));
}

function findingsOfBooks({ addressBook, zones }: PolicyConfig["security"]): readonly Finding[] {
	const findings: Finding[] = [];
	const bookOf = new Map<string, string>();
	for (const [bookName, book] of addressBook.book) {
		const path = ["security", "address-book", bookName];
		findings.push(...verifyBook(path, book));
		for (const zone of book.attach.zone.keys()) {
			const other = bookOf.get(zone);
			if (bookName === globalBook)
				findings.push(error([...path, "attach"], "zone", "the global book serves all zones"));
			else if (other !== undefined)
				findings.push(error([...path, "attach"], "zone", `zone ${zone} has book ${other} already`));
			else bookOf.set(zone, bookName);
		}
	}
	for (const [zone, { addressBook: own }] of addressBook.book.size === 0 ? [] : zones.securityZone) {
		if (own.address.size + own.addressSet.size === 0) continue;
		const path = ["security", "zones", "security-zone", zone];
		findings.push(
			error(path, "address-book", "cannot stand beside 'security address-book'; attach a book to the zone"),
		);
	}
	return findings;
}

/**
 * Policies: addresses that the zone does not know, pairs that do not fit, inspection without decryption, policies that never
 * match.
 */
export function verifyPolicyRules(config: PolicyConfig): readonly Finding[] {
	const { policies, addressBook, zones } = config.security;
	return ofPolicies.of(policies, [addressBook, zones, config.applications, config.schedulers], () =>
		findingsOf(config),
	);
}

function findingsOf(config: PolicyConfig): readonly Finding[] {
	const { security } = config;
	const { policies } = security;
	const path = ["security", "policies"];
	const findings: Finding[] = [];
	const services = new ServiceFindings();
	const booksOf = booksByZone(security);
	for (const { fromZoneName: from, toZoneName: to, policy } of policies.fromZone.values()) {
		const pairPath = [...path, "from-zone", from, "to-zone", to, "policy"];
		const opposite = policies.fromZone.get(`${to} ${from}`)?.policy;
		for (const [policyName, { match, then }] of policy) {
			const at = [...pairPath, policyName];
			findings.push(
				...verifyNames([...at, "match"], "source-address", match.sourceAddress, from, booksOf(from)),
				...verifyNames([...at, "match"], "destination-address", match.destinationAddress, to, booksOf(to)),
			);
			services.note(at, then.permit?.applicationServices);
			const pair = then.permit?.tunnel?.pairPolicy;
			if (pair !== undefined)
				findings.push(...verifyPair([...at, "then", "permit", "tunnel"], policyName, policy, pair, opposite));
		}
	}
	for (const [policyName, { then }] of policies.global.policy)
		services.note([...path, "global", "policy", policyName], then.permit?.applicationServices);
	findings.push(...services.findings());
	const ordered = orderPolicies(config);
	for (const policy of ordered) findings.push(...verifyMatch(policy, config.applications));
	const { found, endedBefore } = searches.of(policies, ordered, () => findShadowed(ordered));
	for (const { policy, coveredBy } of found) {
		const names = coveredBy.map(({ key }) => `"${key}"`).join(", ");
		findings.push(warning(policy.path, undefined, `it never matches: ${names} before it match all that it does`));
	}
	if (endedBefore !== undefined) {
		const message = "from here on it was not looked for policies that never match: there are too many";
		findings.push(warning(endedBefore.path, undefined, message));
	}
	if (policies.defaultPolicy.permitAll) {
		const message = "danger: what no policy matches passes, without being looked at";
		findings.push(warning([...path, "default-policy"], "permit-all", message));
	}
	findings.push(...verifyTraceFile([...path, "traceoptions", "file"], policies.traceoptions.file));
	return findings;
}

function verifyNames(
	path: readonly string[],
	statement: string,
	names: readonly string[],
	zone: string,
	books: readonly Book[],
): readonly Finding[] {
	const unknown = names.filter(
		(name) => !anyWords.has(name) && !books.some((book) => book.address.has(name) || book.addressSet.has(name)),
	);
	return unknown.map((name) =>
		error(path, statement, `'${name}' is in no address book of zone ${zone}; attach the book that has it to the zone`),
	);
}

/** A pair policy is in the opposite direction, names this one in turn, and means the same traffic in the same VPN. */
function verifyPair(
	path: readonly string[],
	policyName: string,
	policies: ReadonlyMap<string, ZonePolicy>,
	pairName: string,
	opposite: ReadonlyMap<string, ZonePolicy> | undefined,
): readonly Finding[] {
	const own = policies.get(policyName);
	const pair = opposite?.get(pairName);
	if (own === undefined) return [];
	if (pair === undefined) {
		const existing = [...(opposite?.keys() ?? [])].map((name) => `"${name}"`).join(", ") || "none";
		const message = `policy "${pairName}" does not exist in the opposite direction; existing: ${existing}`;
		return [error(path, "pair-policy", message)];
	}
	const tunnel = pair.then.permit?.tunnel;
	if (tunnel?.pairPolicy !== policyName)
		return [error(path, "pair-policy", `policy "${pairName}" does not name "${policyName}" as its pair in turn`)];
	if (tunnel.ipsecVpn !== own.then.permit?.tunnel?.ipsecVpn)
		return [error(path, "pair-policy", `policy "${pairName}" uses another VPN`)];
	const isMirror =
		sameNames(own.match.sourceAddress, pair.match.destinationAddress) &&
		sameNames(own.match.destinationAddress, pair.match.sourceAddress);
	if (isMirror) return [];
	return [
		error(
			path,
			"pair-policy",
			`the addresses of policy "${pairName}" are not these with source and destination exchanged`,
		),
	];
}

type Services = NonNullable<ZonePolicy["then"]["permit"]>["applicationServices"] | undefined;

/** Policies that look for something in what is not decrypted. */
class ServiceFindings {
	readonly #closed: (readonly string[])[] = [];

	note(policyPath: readonly string[], services: Services): void {
		if (services === undefined) return;
		const { sslProxy, patternPolicy, idp, idpPolicy } = services;
		const looks = patternPolicy !== undefined || idp || idpPolicy !== undefined;
		if (sslProxy.profileName === undefined && looks) this.#closed.push(policyPath);
	}

	findings(): readonly Finding[] {
		const closed = "without ssl-proxy nothing is decrypted, so nothing is looked for";
		return servicesWarnings(this.#closed, "pattern-policy", closed);
	}
}

function sameNames(some: readonly string[], others: readonly string[]): boolean {
	return some.length === others.length && some.every((name) => others.includes(name));
}

const anyWords = new Set(["any", "any-ipv4", "any-ipv6"]);

const ofBooks = new Remembered<PolicyConfig["security"]["addressBook"], readonly Finding[]>();
const ofPolicies = new Remembered<PolicyConfig["security"]["policies"], readonly Finding[]>();
/** The same policies in the same order are searched once. */
const searches = new Remembered<PolicyConfig["security"]["policies"], ShadowSearch>();
