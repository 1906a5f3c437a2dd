/** What is told of an entry of a feed that a connection or a request matched. */
import type { ReputationMark } from "#policy/evaluate.ts";
import { type GatewayEvent, gatewayEvent } from "#telemetry/event-table.ts";

export interface MatchedSession {
	readonly session: string;
	readonly client: string;
	/** Version and suite of the leg to the client, where a request was read in it. */
	readonly tls: string | undefined;
}

/** Only a request that was read in opened traffic can tell of TLS. */
export function reputationEvent(
	{ rule, because, hit, isBlock }: ReputationMark,
	{ session, client, tls }: MatchedSession,
	now: number,
): GatewayEvent {
	const action = isBlock ? "block" : "permit";
	return gatewayEvent("REPUTATION_MATCHED", now, {
		session,
		client,
		rule,
		because,
		feed: hit.feed,
		action,
		tls: tls ?? "none",
	});
}
