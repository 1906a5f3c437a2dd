/** What a commit says about the users of VPNs: gateways with `aaa` and the access profiles that they name. */
import { type Finding, warning } from "#config/finding.ts";
import type { TunnelConfig } from "#ike/verify-tunnels.ts";

export function verifyUsers({ security, access }: TunnelConfig): readonly Finding[] {
	const findings: Finding[] = [];
	for (const [gatewayName, { aaa }] of security.ike.gateway) {
		const profile = access.profile.get(aaa?.accessProfile ?? "");
		if (profile === undefined) continue;
		const path = ["security", "ike", "gateway", gatewayName, "aaa"];
		const [name] = [aaa?.accessProfile];
		const hasUser = [...profile.client.values()].some(({ firewallUser }) => firewallUser.password !== undefined);
		if (!hasUser)
			findings.push(
				warning(path, "access-profile", `nobody is let in: profile "${name}" has no client with a password`),
			);
		const others = profile.authenticationOrder.filter((one) => one !== "password");
		if (others.length > 0)
			findings.push(
				warning(path, "access-profile", `profile "${name}": ${others.join(", ")} is not asked in this version`),
			);
	}
	return findings;
}
