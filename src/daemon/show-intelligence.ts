/** `show`, `clear` and `request security intelligence`: feeds, where they come from, how old they are, how often they matched. */
import { utc } from "#config/commit.ts";
import type { FeedView } from "#daemon/feed-service.ts";
import type { CommandWorld } from "#daemon/gateway-view.ts";
import type { FeedReading } from "#daemon/intelligence-desk.ts";
import type { FeedPlan } from "#inspect/compile-precedence.ts";
import { visibleJson, visibleText } from "#telemetry/display-text.ts";

type Values = Readonly<Record<string, string>>;

/** One paragraph a feed; all of them without a name. */
export function showFeeds(world: CommandWorld, values: Values, isJson: boolean, now: number): string {
	const feeds = chosen(world, values["feed-name"]).map((plan) => ({ plan, ...knownOf(world, plan.name) }));
	if (isJson) return `${visibleJson({ feeds: feeds.map(factsOf) })}\n`;
	if (feeds.length === 0) return "No feed is configured\n";
	const lines = feeds.flatMap(({ plan, fetched, reading }) => [
		`Feed: ${plan.name}, category ${plan.category}, format ${plan.format}`,
		`  From: ${fetched === undefined ? `file ${plan.file}` : fetched.from}`,
		`  Entries: ${entriesText(reading)}`,
		...(fetched === undefined ? [] : fetchLines(fetched, now)),
	]);
	return `${lines.map(visibleText).join("\n")}\n`;
}

/** What matched since the gateway started, or since it was cleared. */
export function showFeedMatches(world: CommandWorld, isJson: boolean): string {
	const { intelligence, plan } = world.gateway;
	const feeds = plan.feeds.map(({ name, category }) => ({ category, ...intelligence.matches(name) }));
	const since = utc(intelligence.since);
	if (isJson) return `${visibleJson({ since, feeds })}\n`;
	if (feeds.length === 0) return "No feed is configured\n";
	const rows = [
		["Feed", "Category", "Blocked", "Passed"],
		...feeds.map(({ feed, category, blocked, passed }) => [feed, category, String(blocked), String(passed)]),
	];
	const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
	const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
	return `Matches since ${since}\n${lines.map((line) => `${visibleText(line.trimEnd())}\n`).join("")}`;
}

export function clearFeedMatches({ gateway }: CommandWorld, now: number): string {
	gateway.intelligence.clearMatches(now);
	return "";
}

/** Throws when there is nothing to fetch. */
export function updateFeeds(world: CommandWorld, name: string | undefined): string {
	const [feed] = name === undefined ? [] : chosen(world, name);
	if (feed?.isFetched === false) throw new Error(`feed "${name}" is read from file ${feed.file}; nothing is fetched`);
	const count = world.gateway.feeds.update(name);
	if (count === 0) throw new Error("no feed has a url: nothing is fetched");
	return `${count} feed${count === 1 ? " is" : "s are"} fetched; show security intelligence feeds tells what became of it\n`;
}

/** Minor alarms: feeds that are old or cannot be fetched. */
export function feedAlarms(views: readonly FeedView[]): readonly { readonly at: number; readonly text: string }[] {
	return views.flatMap(({ name, failure, isStale }) => {
		if (failure === undefined) return [];
		return [{ at: failure.at, text: `feed ${name} ${isStale ? "is old" : "was not fetched"}: ${failure.why}` }];
	});
}

function chosen({ gateway }: CommandWorld, name: string | undefined): readonly FeedPlan[] {
	const found = gateway.plan.feeds.filter((plan) => name === undefined || plan.name === name);
	if (found.length === 0 && name !== undefined) throw new Error(`feed "${name}" is not configured`);
	return found;
}

interface Known {
	readonly fetched: FeedView | undefined;
	readonly reading: FeedReading | undefined;
}

function knownOf({ gateway }: CommandWorld, name: string): Known {
	return {
		fetched: gateway.feeds.views().find((view) => view.name === name),
		reading: gateway.intelligence.reading(name),
	};
}

function entriesText(reading: FeedReading | undefined): string {
	if (reading === undefined) return "none yet";
	const { at } = reading;
	if (reading.kind === "unreadable") return `could not be read at ${utc(at)}: ${reading.why}`;
	const { entries, refused, unsupported } = reading;
	return `${entries}; ${refused} are none, ${unsupported} patterns are not understood; read at ${utc(at)}`;
}

function fetchLines({ state, dueAt, isFetching, failure, isStale }: FeedView, now: number): readonly string[] {
	const old = isStale ? ", which is old" : "";
	const next = isFetching ? "now" : utc(dueAt);
	return [
		state === undefined
			? "  Fetched: never"
			: `  Fetched: ${utc(state.fetchedAt)}; the newest ${minutesText(now - state.confirmedAt)} ago${old}`,
		...(failure === undefined ? [] : [`  Failed: ${utc(failure.at)}: ${failure.why}`]),
		`  Next: ${next}`,
	];
}

function minutesText(ms: number): string {
	const minutes = Math.max(0, Math.floor(ms / 60_000));
	if (minutes < 120) return `${minutes} minute${minutes === 1 ? "" : "s"}`;
	return minutes < 2_880 ? `${Math.floor(minutes / 60)} hours` : `${Math.floor(minutes / 1_440)} days`;
}

function factsOf({ plan, fetched, reading }: Known & { readonly plan: FeedPlan }): object {
	const { name, category, format, file } = plan;
	const from = fetched === undefined ? { file } : { url: fetched.from };
	const { state, failure, isFetching, isStale, dueAt } = fetched ?? {};
	const read =
		reading?.kind === "read"
			? { ...reading, kind: undefined, at: utc(reading.at) }
			: reading && { at: utc(reading.at), unreadable: reading.why };
	return {
		name,
		category,
		format,
		...from,
		read,
		fetchedAt: state && utc(state.fetchedAt),
		confirmedAt: state && utc(state.confirmedAt),
		failure: failure && { at: utc(failure.at), why: failure.why },
		isFetching,
		isStale,
		dueAt: dueAt === undefined ? undefined : utc(dueAt),
	};
}
