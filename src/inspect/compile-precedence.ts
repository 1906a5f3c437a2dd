/** The statements before signatures made into what sessions are judged by: bypass rules, traffic management, feeds, quarantine. */
import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import type { Prefix } from "#base/address.ts";
import { Secret } from "#base/secret.ts";
import type { FeedShape } from "#inspect/fill-feed.ts";
import type { PrecedencePlan, TrafficRule } from "#inspect/precedence.ts";
import type { QuarantineSettings } from "#inspect/quarantine-list.ts";
import type { FeedCategory, ReputationPolicy, ReputationProfile, ReputationThen } from "#inspect/reputation.ts";
import type { InspectConfig } from "#inspect/schema.ts";
import { type ProxiedProtocol, portsOfTerms, termsOfApplications } from "#policy/application-ports.ts";
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

/** A feed as workers read it. */
export interface FeedPlan extends FeedShape {
	readonly name: string;
	readonly category: FeedCategory;
	readonly file: string;
	/** The file is not there before the feed was fetched for the first time. */
	readonly isFetched: boolean;
	readonly updateMs: number;
}

/** A feed that is fetched, and kept in a file of the directory `feeds`. */
export interface FeedSource extends FeedShape {
	readonly name: string;
	readonly url: string;
	readonly file: string;
	/** What the server is told of who asks: a field of HTTP. */
	readonly credentials: { readonly field: string; readonly value: Secret } | undefined;
	readonly maxOctets: number;
	readonly updateMs: number;
	/** Rules of intrusion detection instead of entries of a feed. */
	readonly content?: "rules" | undefined;
}

/** Bypass rules and traffic management; a rule whose applications do not travel over TCP, or UDP, meets no connection of it. */
export function compileTraffic(
	config: PrecedenceSources,
	over: ProxiedProtocol = "tcp",
): Pick<PrecedencePlan, "bypassRules" | "trafficRules"> {
	const { bypassRule, trafficManagement } = config.security.inspection;
	return {
		bypassRules: [...bypassRule].flatMap(([name, rule]) => {
			const match = matchOf(config, rule.match, over);
			return match === undefined ? [] : [{ name, match }];
		}),
		trafficRules: [...trafficManagement].flatMap(([name, rule]): TrafficRule[] => {
			const match = matchOf(config, rule.match, over);
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

export function compileFeeds({ feed }: Intelligence): readonly FeedPlan[] {
	return [...feed].map(([name, { category, file, format, maximumEntries, updateInterval, url = "" }]) => {
		const updateMs = updateInterval * 60_000;
		const place = file ?? `${feedDirectory}/${fetchedFile(name, url)}`;
		return { name, category, file: place, isFetched: file === undefined, format, maximumEntries, updateMs };
	});
}

export function compileFeedSources({ feed }: Intelligence): readonly FeedSource[] {
	return [...feed].flatMap(([name, { authentication, format, maximumEntries, maximumSize, updateInterval, url }]) => {
		if (url === undefined) return [];
		const credentials = credentialsOf(authentication);
		const [maxOctets, updateMs] = [maximumSize * 1_048_576, updateInterval * 60_000];
		return [{ name, url, file: fetchedFile(name, url), credentials, format, maximumEntries, maxOctets, updateMs }];
	});
}

/** What was fetched from another place is not this feed. */
export function fetchedFile(name: string, url: string): string {
	return `${name}-${hash("sha256", url, "hex").slice(0, 16)}`;
}

type Authentication = NonNullable<ReturnType<Intelligence["feed"]["get"]>>["authentication"];

function credentialsOf({ userName, password, token, header }: Authentication): FeedSource["credentials"] {
	if (token !== undefined) {
		if (header !== undefined) return { field: header, value: token };
		return { field: "Authorization", value: new Secret(`Bearer ${token.danger_reveal()}`) };
	}
	if (userName === undefined || password === undefined) return undefined;
	const pair = Buffer.from(`${userName}:${password.danger_reveal()}`, "utf8").toString("base64");
	return { field: "Authorization", value: new Secret(`Basic ${pair}`) };
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

function matchOf(
	{ applications, security }: PrecedenceSources,
	match: MatchStatement,
	over: ProxiedProtocol,
): TrafficMatch | undefined {
	const ports = portsOfTerms(termsOfApplications(applications, match.application), over);
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

/** In the state directory, from which relative paths are read. */
export const feedDirectory = "feeds";
