/**
 * The routing of packets that are for the gateway's sockets although their destination is elsewhere: those with the mark ask
 * a table of their own, in which every address is this host. In words of ip(8).
 */
import { divertMark } from "#base/packet-mark.ts";
import type { IpFamily } from "#firewall/divert-ruleset.ts";

/** One call of `ip`: its arguments. */
export type IpCommand = readonly string[];

/** What `ip -j rule show` tells of a rule, as far as it is read here. */
export interface ShownRule {
	readonly priority?: unknown;
	readonly fwmark?: unknown;
	readonly table?: unknown;
}

/** The rule, unless one of those shown is it already, and the route. */
export function routingCommands(family: IpFamily, shown: readonly ShownRule[]): readonly IpCommand[] {
	const rule = shown.some(isOurs) ? [] : [[flags[family], "rule", "add", ...ruleWords]];
	return [...rule, [flags[family], "route", "replace", ...routeWords]];
}

/** What takes away all of it. The rules go last, so that whoever is interrupted leaves what the next one finds. */
export function unroutingCommands(family: IpFamily, shown: readonly ShownRule[]): readonly IpCommand[] {
	const rules = shown.filter(isOurs).map(() => [flags[family], "rule", "del", ...ruleWords]);
	if (rules.length === 0) return [];
	// A table that never held a route cannot be flushed.
	const fill = [flags[family], "route", "replace", ...routeWords];
	return [fill, [flags[family], "route", "flush", "table", routingTable], ...rules];
}

export function showRules(family: IpFamily): IpCommand {
	return [flags[family], "-j", "rule", "show"];
}

/** Nobody else uses a table of this number. */
function isOurs({ table }: ShownRule): boolean {
	return String(table) === routingTable;
}

/** The number of the routing table. */
const routingTable = "23057";
const routeWords = ["local", "default", "dev", "lo", "table", routingTable];
const ruleWords = ["pref", "23057", "fwmark", `0x${divertMark.toString(16)}`, "lookup", routingTable];
const flags = { ipv4: "-4", ipv6: "-6" } as const;
