/**
 * The routing of packets that are for the gateway's sockets although their destination is elsewhere: those with the mark ask
 * a table of their own, in which every address is this host. In commands of ip(8), the same for both families.
 */
import { divertMark } from "#base/packet-mark.ts";

/** What `ip -j rule show` tells of a rule, as far as it is read here. */
export interface ShownRule {
	readonly table?: unknown;
}

/** The rule, unless one of those shown is it already, and the route. */
export function routingCommands(shown: readonly ShownRule[]): readonly string[] {
	return [...(shown.some(isOurs) ? [] : [`rule add ${rule}`]), `route replace ${route}`];
}

/** What takes away all of it. The rules go last, so that whoever is interrupted leaves what the next one finds. */
export function unroutingCommands(shown: readonly ShownRule[]): readonly string[] {
	const rules = shown.filter(isOurs).map(() => `rule del ${rule}`);
	// A table that never held a route cannot be flushed.
	return rules.length === 0 ? [] : [`route replace ${route}`, `route flush table ${routingTable}`, ...rules];
}

/** Nobody else uses a table of this number. */
function isOurs({ table }: ShownRule): boolean {
	return String(table) === routingTable;
}

const routingTable = "23057";
const rule = `pref 23057 fwmark 0x${divertMark.toString(16)} lookup ${routingTable}`;
const route = `local default dev lo table ${routingTable}`;
