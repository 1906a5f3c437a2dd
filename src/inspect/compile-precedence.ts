/** The statements before signatures made into what sessions are judged by: bypass rules, traffic management, feeds, quarantine. */
import type { Prefix } from "#base/address.ts";
import type { PrecedencePlan, TrafficRule } from "#inspect/precedence.ts";
import type { QuarantineSettings } from "#inspect/quarantine-list.ts";
import type { FeedFormat } from "#inspect/read-feed.ts";
import type { FeedCategory, ReputationPolicy, ReputationProfile, ReputationThen } from "#inspect/reputation.ts";
import type { InspectConfig } from "#inspect/schema.ts";
import { portsOfTerms, termsOfApplications } from "#policy/application-ports.ts";
import type { Applications } from "#policy/application-schema.ts";
import type { TrafficMatch } from "#policy/evaluate.ts";
import { resolveAddresses } from "#policy/resolve-addresses.ts";
import { allBooks, type BookSources } from "#policy/zone-books.ts";

type Inspection = InspectConfig["security"]["inspection"];
type Intelligence = InspectConfig["security"]["intelligence"];

/** The parts of a configuration that are read. */
export interface PrecedenceSources {
	readonly applications: Applications;
	readonly security: BookSources & { readonly inspection: Inspection; readonly intelligence: Intelligence };
}

/** A feed that is read from a file. */
export interface FeedPlan {
	readonly name: string;
	readonly category: FeedCategory;
	readonly file: string;
	readonly format: FeedFormat;
	readonly maximumEntries: number;
	readonly updateMs: number;
}

/** Bypass rules and traffic management; a rule whose applications do not travel over TCP meets no connection. */
export function compileTraffic(config: PrecedenceSources): Pick<PrecedencePlan, "bypassRules" | "trafficRules"> {
	const { bypassRule, trafficManagement } = config.security.inspection;
	return {
		bypassRules: [...bypassRule].flatMap(([name, rule]) => {
			const match = matchOf(config, rule.match);
			return match === undefined ? [] : [{ name, match }];
		}),
		trafficRules: [...trafficManagement].flatMap(([name, rule]): TrafficRule[] => {
			const match = matchOf(config, rule.match);
			const { block, rateLimit } = rule.then;
			if (match === undefined) return [];
			if (rateLimit !== undefined) return [{ name, match, then: { kilobitsPerSecond: rateLimit } }];
			return [{ name, match, then: block ? "block" : "trust" }];
		}),
	};
}

/** `security intelligence policy`, by name. */
export function compileReputation({ profile: profiles, policy }: Intelligence): ReadonlyMap<string, ReputationPolicy> {
	return new Map(
		[...policy].map(([name, { profile }]) => [name, profile.flatMap((one) => profileOf(one, profiles.get(one)))]),
	);
}

/** Feeds that can be read: from files, in a format that is known. */
export function compileFeeds({ feed }: Intelligence): readonly FeedPlan[] {
	return [...feed].flatMap(([name, { category, file, format, maximumEntries, updateInterval }]) =>
		file === undefined || format === "stix"
			? []
			: [{ name, category, file, format, maximumEntries, updateMs: updateInterval * 60_000 }],
	);
}

export function compileQuarantine(config: PrecedenceSources): QuarantineSettings {
	const { hosts, exceptions, duration, maximumHosts, redirectAddress } = config.security.inspection.quarantine;
	return {
		hosts: hosts as readonly Prefix[],
		exceptions: resolveAddresses(allBooks(config.security), exceptions),
		durationMs: duration === undefined ? Number.POSITIVE_INFINITY : duration * 60_000,
		maximumHosts,
		redirect: redirectAddress,
	};
}

interface MatchStatement {
	readonly sourceAddress: readonly string[];
	readonly destinationAddress: readonly string[];
	readonly application: readonly string[];
}

function matchOf({ applications, security }: PrecedenceSources, match: MatchStatement): TrafficMatch | undefined {
	const ports = portsOfTerms(termsOfApplications(applications, match.application));
	if (ports === undefined) return undefined;
	const books = allBooks(security);
	return {
		sources: resolveAddresses(books, match.sourceAddress),
		destinations: resolveAddresses(books, match.destinationAddress),
		ports,
	};
}

type ProfileStatement = NonNullable<ReturnType<Intelligence["profile"]["get"]>>;

function profileOf(name: string, statement: ProfileStatement | undefined): ReputationProfile[] {
	if (statement === undefined) return [];
	const rules = [...statement.rule].map(([rule, { match, then }]) => ({
		name: rule,
		feeds: new Set(match.feedName),
		levels: new Set(match.threatLevel),
		...thenOf(then),
	}));
	return [{ name, category: statement.category, rules, otherwise: thenOf(statement.defaultRule.then) }];
}

function thenOf({ action, log }: ProfileStatement["defaultRule"]["then"]): ReputationThen {
	return { action: actionOf(action), isLogged: log };
}

function actionOf(action: ProfileStatement["defaultRule"]["then"]["action"]): ReputationThen["action"] {
	if (action.permit) return "permit";
	if (action.recommended) return "recommended";
	if (action.block === undefined) return undefined;
	return action.block.drop ? "drop" : "close";
}
