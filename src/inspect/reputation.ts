/** What feeds say of a connection or a request, and what the profiles of `security intelligence` make of it. */
import { hash } from "node:crypto";
import type { Address } from "#base/address.ts";
import { formatAddress } from "#base/address.ts";
import type { FeedHit, FeedTable } from "#inspect/feed-table.ts";

/** What a feed is about; one table holds all feeds of a category. */
export type FeedCategory = "command-and-control" | "infected-hosts" | "ja3" | "certificate" | "url";
export type FeedTables = ReadonlyMap<FeedCategory, FeedTable>;

export type ReputationAction = "permit" | "drop" | "close" | "recommended";

export interface ReputationThen {
	/** Undefined: nothing is done. */
	readonly action: ReputationAction | undefined;
	readonly isLogged: boolean;
}

/** A profile: the first rule that names the entry's feed and level counts. */
export interface ReputationProfile {
	readonly name: string;
	readonly category: FeedCategory;
	readonly rules: readonly (ReputationThen & {
		readonly name: string;
		/** Empty for any. */
		readonly feeds: ReadonlySet<string>;
		readonly levels: ReadonlySet<number>;
	})[];
	readonly otherwise: ReputationThen;
}

/** One profile of each category. */
export type ReputationPolicy = readonly ReputationProfile[];

/** What matched and what follows. `because` is a clause. */
export interface ReputationVerdict {
	readonly rule: string;
	readonly because: string;
	readonly hit: FeedHit;
	readonly isBlock: boolean;
	/** Without a word to the client. */
	readonly isSilent: boolean;
	readonly isLogged: boolean;
}

/** A connection as far as it is known before it is opened. Names are in normal form. */
export interface ReputationFacts {
	readonly client: Address;
	readonly server?: Address | undefined;
	readonly requestedName?: string | undefined;
	readonly sni?: string | undefined;
	/** Of the ClientHello. */
	readonly ja3?: string | undefined;
}

/** By addresses, names and the client's fingerprint: what can be told of traffic that is not opened. */
export function judgeConnection(
	policy: ReputationPolicy,
	tables: FeedTables,
	facts: ReputationFacts,
): ReputationVerdict | undefined {
	return firstOf(policy, tables, asksAbout(facts));
}

/** By the URL of a request, which only opened traffic shows; and by its host. */
export function judgeRequest(
	policy: ReputationPolicy,
	tables: FeedTables,
	host: string,
	target: string,
): ReputationVerdict | undefined {
	const [path] = target.split("?", 1);
	return firstOf(policy, tables, [
		["url", `the address ${host}${path}`, (table) => table.matchUrl(host, target)],
		...nameAsks(host),
	]);
}

/** By the certificate that the server presented; `fingerprints` as `certificateFingerprints` has them. */
export function judgeCertificate(
	policy: ReputationPolicy,
	tables: FeedTables,
	fingerprints: () => readonly string[],
): ReputationVerdict | undefined {
	if (!tables.has("certificate") || !policy.some(({ category }) => category === "certificate")) return undefined;
	return firstOf(policy, tables, fingerprints().map(certificateAsk));
}

/** SHA-256, SHA-1 and MD5 of a certificate, DER: feeds have the one or the other. */
export function certificateFingerprints(der: Uint8Array): readonly string[] {
	return ["sha256", "sha1", "md5"].map((algorithm) => hash(algorithm, der, "hex"));
}

/** Entries of any category that speak of the connection, whatever a profile makes of them. */
export function hitsOf(
	tables: FeedTables,
	facts: ReputationFacts,
): readonly { readonly category: FeedCategory; readonly hit: FeedHit }[] {
	return asksAbout(facts).flatMap(([category, , ask]) => {
		const table = tables.get(category);
		return table === undefined ? [] : ask(table).map((hit) => ({ category, hit }));
	});
}

type Ask = readonly [FeedCategory, string, (table: FeedTable) => readonly FeedHit[]];

function asksAbout({ client, server, requestedName, sni, ja3 }: ReputationFacts): readonly Ask[] {
	return [
		["infected-hosts", `client ${formatAddress(client)}`, (table) => table.matchAddress(client)],
		...(server === undefined ? [] : [serverAsk(server)]),
		...[requestedName, sni].flatMap((name) => (name === undefined ? [] : nameAsks(name))),
		...(ja3 === undefined ? [] : [ja3Ask(ja3)]),
	];
}

function serverAsk(server: Address): Ask {
	return ["command-and-control", `server ${formatAddress(server)}`, (table) => table.matchAddress(server)];
}

/** A list of URLs may name whole sites. */
function nameAsks(name: string): readonly Ask[] {
	const matches = (table: FeedTable) => table.matchName(name);
	return [
		["command-and-control", `server name ${name}`, matches],
		["url", `server name ${name}`, matches],
	];
}

function certificateAsk(print: string): Ask {
	return ["certificate", `the server's certificate ${print}`, (table) => table.matchFingerprint(print)];
}

function ja3Ask(ja3: string): Ask {
	return ["ja3", `the client's fingerprint ${ja3}`, (table) => table.matchFingerprint(ja3)];
}

/** The first that blocks, otherwise the first that is to be recorded, otherwise the first that lets pass. */
function firstOf(policy: ReputationPolicy, tables: FeedTables, asks: readonly Ask[]): ReputationVerdict | undefined {
	let noted: ReputationVerdict | undefined;
	for (const [category, subject, ask] of asks) {
		const profile = policy.find((one) => one.category === category);
		const table = tables.get(category);
		if (profile === undefined || table === undefined) continue;
		for (const hit of ask(table)) {
			const verdict = verdictOf(profile, subject, hit);
			if (verdict?.isBlock === true) return verdict;
			if (verdict !== undefined && (noted === undefined || (verdict.isLogged && !noted.isLogged))) noted = verdict;
		}
	}
	return noted;
}

function verdictOf(profile: ReputationProfile, subject: string, hit: FeedHit): ReputationVerdict | undefined {
	const rule = profile.rules.find(
		({ feeds, levels }) => (feeds.size === 0 || feeds.has(hit.feed)) && (levels.size === 0 || levels.has(hit.level)),
	);
	const { action, isLogged } = rule ?? profile.otherwise;
	if (action === undefined && !isLogged) return undefined;
	const isBlock = action === "drop" || action === "close" || (action === "recommended" && hit.level >= blockedLevel);
	return {
		rule: `profile ${profile.name} ${rule === undefined ? "default-rule" : `rule ${rule.name}`}`,
		because: `${subject} is in feed ${hit.feed} (${hit.entry}, level ${hit.level})`,
		hit,
		isBlock,
		isSilent: action === "drop",
		isLogged,
	};
}

/** What a feed recommends: to block from this level on. */
const blockedLevel = 7;
