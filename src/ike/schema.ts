/** The configuration of VPNs: IKE, IPsec, their alarms and self-tests. */
import type { Finding } from "#config/finding.ts";
import { container, type Snapshot } from "#config/schema.ts";
import { alarms } from "#ike/alarm-schema.ts";
import { ike } from "#ike/ike-schema.ts";
import { ipsec } from "#ike/ipsec-schema.ts";
import { fips, verifySelfTest } from "#ike/self-test-schema.ts";
import { verifyIke } from "#ike/verify-ike.ts";
import { verifyIpsec } from "#ike/verify-ipsec.ts";
import { verifyRunnable } from "#ike/verify-runnable.ts";
import { type TunnelConfig, verifyTunnels } from "#ike/verify-tunnels.ts";
import { verifyUsers } from "#ike/verify-users.ts";
import { verifyVirtualRouters } from "#ike/verify-virtual-routers.ts";

export const ikeSchema = container({
	help: "Configuration",
	children: {
		system: container({ help: "System", permission: "system", children: { fips } }),
		security: container({ help: "Security", permission: "security", children: { ike, ipsec, alarms } }),
	},
});

export type IkeConfig = Snapshot<typeof ikeSchema>;

/** What a commit says about VPNs and about all that leads to them. */
export function verifyVpns(config: IkeConfig & TunnelConfig): readonly Finding[] {
	const { ike: keyExchange, ipsec: associations } = config.security;
	return [
		...verifyIke(keyExchange),
		...verifyIpsec(associations, keyExchange),
		...verifyRunnable(keyExchange, associations),
		...verifyTunnels(config),
		...verifyUsers(config),
		...verifyVirtualRouters(config),
		...verifySelfTest(config.system.fips),
	];
}
