/** The checks of the names that requests of one session name, and what a worker tells of them. */
import type { ToManaged } from "#daemon/worker-protocol.ts";
import { type AskedNames, FrontingService } from "#inspect/fronting-service.ts";
import { type JudgeName, NamePolicyService } from "#inspect/name-policy-service.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import type { Counters } from "#telemetry/counters.ts";
import { gatewayEvent } from "#telemetry/event-table.ts";

export interface GuardedSession {
	readonly sessionId: string;
	readonly rule: string;
	readonly client: { readonly address: string };
	readonly profile: Pick<ProxyProfile, "fronting">;
	readonly names: AskedNames | undefined;
}

/** Undefined when the profile allows everything, or there is nothing to compare. One event a session, the rest is counted. */
export function frontingGuard(
	{ sessionId: session, rule, client, profile, names }: GuardedSession,
	counters: Counters,
	send: (message: ToManaged) => void,
): FrontingService | undefined {
	const { fronting } = profile;
	if (names === undefined || (fronting.fronted === "allow" && fronting.coalesced === "allow")) return undefined;
	let isTold = false;
	return new FrontingService(names, fronting, (host, asked, action) => {
		counters.add("requests_fronted");
		if (isTold) return;
		isTold = true;
		const facts = { session, rule, client: client.address, host, asked: asked === "" ? "nobody" : asked, action };
		send({ type: "event", event: gatewayEvent("DOMAIN_FRONTING", Date.now(), facts) });
	});
}

/** What policies say of other names; undefined when the profile lets any name pass, or there is nothing to compare. */
export function policyOfNames(
	{ fronting }: Pick<ProxyProfile, "fronting">,
	{ names, judgeName }: Pick<GuardedSession, "names"> & { readonly judgeName: JudgeName | undefined },
): NamePolicyService | undefined {
	const passesAny = fronting.fronted === "allow" && fronting.coalesced === "allow";
	if (names === undefined || judgeName === undefined || passesAny) return undefined;
	return new NamePolicyService(names.name, judgeName);
}
