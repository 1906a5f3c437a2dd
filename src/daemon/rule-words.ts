/** How events say what became of rules of intrusion detection that are fetched. */
import type { FetchWords } from "#daemon/feed-service.ts";
import { gatewayEvent } from "#telemetry/event-table.ts";

export const ruleWords: FetchWords = {
	fetched: ({ from }, octets, { entries: rules, refused: disabled, unsupported: leftOut }, now) =>
		gatewayEvent("IDP_RULES_FETCHED", now, { from, octets, rules, disabled, leftOut }),
	// How large a set of rules may be is no statement.
	notFetched: ({ from }, reason, now) =>
		gatewayEvent("IDP_RULES_NOT_FETCHED", now, { from, reason: reason.replace("; see maximum-size", "") }),
	stale: ({ from }, since, now) => gatewayEvent("IDP_RULES_STALE", now, { from, since }),
};
