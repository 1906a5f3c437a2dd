/** What a commit says about policies whose connections would be opened for nobody to look inside (R11, R13). */
import { type Finding, warning } from "#config/finding.ts";
import { type ApplicationServices, inspectionServices } from "#policy/inspection-services.ts";
import type { Policies } from "#policy/policies-schema.ts";
import { servicesWarnings } from "#policy/services-warnings.ts";
import type { SslProxy, SslProxyProfile } from "#proxy/ssl-proxy-schema.ts";

/** True when somebody looks at what the policy's profile decrypts: a service of the policy, or a mirror of the profile. */
export function hasInspection(
	services: ApplicationServices,
	{ mirrorDecryptTraffic: mirror }: SslProxyProfile,
): boolean {
	return inspectionServices(services).length > 0 || mirror.interface !== undefined || mirror.pcapFile !== undefined;
}

/** A warning for each policy whose profile takes no part, and for each switch that turns profiles off. */
export function verifyInspection(proxy: SslProxy, policies: Policies): readonly Finding[] {
	const lacking: (readonly string[])[] = [];
	const look = (path: readonly string[], services: ApplicationServices | undefined) => {
		const { profileName } = services?.sslProxy ?? {};
		const profile = proxy.profile.get(profileName ?? "");
		if (services === undefined || profile === undefined || hasInspection(services, profile)) return;
		lacking.push(path);
	};
	for (const { fromZoneName: from, toZoneName: to, policy } of policies.fromZone.values()) {
		const at = ["security", "policies", "from-zone", from, "to-zone", to, "policy"];
		for (const [name, { then }] of policy) look([...at, name], then.permit?.applicationServices);
	}
	for (const [name, { then }] of policies.global.policy)
		look(["security", "policies", "global", "policy", name], then.permit?.applicationServices);
	const findings = [...servicesWarnings(lacking, "ssl-proxy", withoutService)];
	const path = ["services", "ssl", "proxy"];
	if (proxy.clientInspection === "disable" && [...proxy.profile.values()].some(({ rootCa }) => rootCa !== undefined))
		findings.push(warning(path, "client-inspection", switchedOff("root-ca")));
	if (
		proxy.serverInspection === "disable" &&
		[...proxy.profile.values()].some((one) => one.serverCertificate.length > 0)
	)
		findings.push(warning(path, "server-inspection", switchedOff("server-certificate")));
	return findings;
}

const switchedOff = (statement: string) =>
	`sessions of profiles with ${statement} are relayed untouched; those that run go on being decrypted`;
const withoutService =
	"no inspection service is attached: connections are relayed untouched, and their records say so; attach one, such as pattern-policy";
