/**
 * What the stages before signatures say of traffic that the kernel forwards (R206): rules that stand before those of the
 * security policies, for connections that begin.
 *
 *   bypass-rule, trust     the policies alone decide
 *   block                  refused
 *   quarantine hosts       refused, but for the exceptions
 *
 * Left to the gateway's own sessions is what the kernel does not know: names (but those with addresses in the configuration),
 * rates, feeds, and hosts that signatures have shut off.
 */
import type { NftJson } from "#firewall/nft-addresses.ts";
import type { InspectConfig } from "#inspect/schema.ts";
import { type ApplicationTerm, termsOfApplications } from "#policy/application-ports.ts";
import type { Applications } from "#policy/application-schema.ts";
import { type AddressEntry, listAddresses } from "#policy/resolve-addresses.ts";
import { allBooks, type BookSources } from "#policy/zone-books.ts";

export interface StageSources {
	readonly applications: Applications;
	readonly security: BookSources & Pick<InspectConfig["security"], "inspection">;
}

/** The conditions of a rule. */
export interface ForwardMatch {
	readonly sources: readonly AddressEntry[];
	readonly destinations: readonly AddressEntry[];
	/** Undefined for any. */
	readonly terms: readonly ApplicationTerm[] | undefined;
}

/** One rule of the chain: what it does where all of `match` holds. */
export interface ForwardStage {
	readonly match: ForwardMatch;
	readonly verdict: NftJson;
	/** For who reads the table. */
	readonly comment: string;
}

/** In their order; empty when nothing is to be said. */
export function forwardStages({ applications, security }: StageSources): readonly ForwardStage[] {
	const { bypassRule, trafficManagement, quarantine } = security.inspection;
	const books = allBooks(security);
	const matchOf = (match: MatchStatement): ForwardMatch => ({
		sources: listAddresses(books, match.sourceAddress),
		destinations: listAddresses(books, match.destinationAddress),
		terms: termsOfApplications(applications, match.application),
	});
	const stages: ForwardStage[] = [];
	for (const [name, { match }] of bypassRule)
		stages.push({ match: matchOf(match), verdict: policiesDecide, comment: `bypass-rule ${name}` });
	for (const [name, { match, then }] of trafficManagement) {
		if (then.rateLimit !== undefined) continue;
		const verdict = then.block ? refused : policiesDecide;
		stages.push({ match: matchOf(match), verdict, comment: `traffic-management ${name}` });
	}
	const from = (sources: readonly AddressEntry[]): ForwardMatch => ({
		sources,
		destinations: anywhere,
		terms: undefined,
	});
	const hosts = quarantine.hosts.map((prefix): AddressEntry => ({ kind: "prefix", entry: "hosts", prefix }));
	const exceptions = listAddresses(books, quarantine.exceptions);
	if (hosts.length > 0) {
		if (exceptions.length > 0)
			stages.push({ match: from(exceptions), verdict: policiesDecide, comment: "quarantine exceptions" });
		stages.push({ match: from(hosts), verdict: refused, comment: "quarantine hosts" });
	}
	// Behind the last refusal nothing is left to go round.
	return stages.slice(0, stages.findLastIndex(({ verdict }) => verdict === refused) + 1);
}

interface MatchStatement {
	readonly sourceAddress: readonly string[];
	readonly destinationAddress: readonly string[];
	readonly application: readonly string[];
}

const anywhere: readonly AddressEntry[] = [{ kind: "any", entry: "any" }];
const refused: NftJson = { goto: { target: "refuse" } };
const policiesDecide: NftJson = { return: null };
