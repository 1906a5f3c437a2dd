/** What a commit says about policies that would let servers go unauthenticated for good (N10). */
import type { Finding } from "#config/finding.ts";
import type { ApplicationServices } from "#policy/inspection-services.ts";
import type { Policies } from "#policy/policies-schema.ts";
import type { SchedulerConfig } from "#policy/scheduler-schema.ts";
import { servicesWarnings } from "#policy/services-warnings.ts";
import type { SslProxy } from "#proxy/ssl-proxy-schema.ts";

/** A warning for each policy whose profile ignores server authentication failures, unless its scheduler has a last moment. */
export function verifyLeniency(
	{ profile: profiles }: SslProxy,
	policies: Policies,
	schedulers: ReadonlyMap<string, SchedulerConfig>,
): readonly Finding[] {
	const endless: (readonly string[])[] = [];
	const look = (path: readonly string[], services: ApplicationServices | undefined, scheduler: string | undefined) => {
		const profile = profiles.get(services?.sslProxy?.profileName ?? "");
		const ends = (schedulers.get(scheduler ?? "")?.startDate.size ?? 0) > 0;
		if (profile?.actions.ignoreServerAuthFailure === true && !ends) endless.push(path);
	};
	for (const { fromZoneName: from, toZoneName: to, policy } of policies.fromZone.values()) {
		const at = ["security", "policies", "from-zone", from, "to-zone", to, "policy"];
		for (const [name, { then, schedulerName }] of policy)
			look([...at, name], then.permit?.applicationServices, schedulerName);
	}
	for (const [name, { then, schedulerName }] of policies.global.policy)
		look(["security", "policies", "global", "policy", name], then.permit?.applicationServices, schedulerName);
	return servicesWarnings(endless, "ssl-proxy", withoutEnd);
}

const withoutEnd = "servers go unauthenticated without an end; give the policy a scheduler with a 'stop-date'";
