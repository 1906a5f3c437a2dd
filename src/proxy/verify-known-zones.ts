/** What a commit says when a policy asks for a zone that the gateway cannot tell of a proxied connection. */
import { type Finding, warning } from "#config/finding.ts";
import type { PolicyConfig } from "#policy/schema.ts";
import { compileZoneTable, hostZone, type ZoneSources } from "#policy/zone-table.ts";
import type { ProxyConfig } from "#proxy/schema.ts";

/**
 * The zone of a client is the `from-zone` of its listener, or that of the interface or static route that leads to it; the
 * zone of a server is that of its interface or route.
 */
export function verifyKnownZones(config: ProxyConfig & PolicyConfig & ZoneSources): readonly Finding[] {
	const { policies } = config.security;
	const listeners = [...config.services.gateway.explicitProxy.values()];
	if (listeners.length === 0) return [];
	const { zones: reached } = compileZoneTable(config);
	const clients = new Set([...reached, ...listeners.map(({ fromZone }) => fromZone)]);
	const findings: Finding[] = [];
	const check = (
		path: readonly string[],
		statement: string | undefined,
		zones: readonly string[],
		side: Side,
	): void => {
		for (const zone of zones) {
			if (zone === "any" || zone === hostZone || (side === "client" ? clients : reached).has(zone)) continue;
			findings.push(warning(path, statement, unknownZone(zone, side)));
		}
	};
	const path = ["security", "policies"];
	for (const { fromZoneName: from, toZoneName: to } of policies.fromZone.values()) {
		check([...path, "from-zone", from, "to-zone", to], undefined, [from], "client");
		check([...path, "from-zone", from, "to-zone", to], undefined, [to], "server");
	}
	for (const [name, { match }] of policies.global.policy) {
		if (match.fromZone.length + match.toZone.length === 0) continue;
		check([...path, "global", "policy", name, "match"], "from-zone", match.fromZone, "client");
		check([...path, "global", "policy", name, "match"], "to-zone", match.toZone, "server");
	}
	return findings;
}

type Side = "client" | "server";

function unknownZone(zone: string, side: Side): string {
	const remedy = side === "client" ? "; or set 'from-zone' of the explicit proxy" : "";
	return `no interface with an address and no static route leads to zone ${zone}, so no ${side} of a proxied connection is known to be in it: policies that permit do not match, those that block match${remedy}`;
}
