/** The configuration of the network: interfaces, routes, routing instances. */
import type { Finding } from "#config/finding.ts";
import { container, type Snapshot } from "#config/schema.ts";
import { interfaces } from "#firewall/interfaces-schema.ts";
import { routingInstances, routingOptions } from "#firewall/routing-schema.ts";
import { verifyInterfaces, verifyRouting } from "#firewall/verify-network.ts";

export const firewallSchema = container({
	help: "Configuration",
	children: {
		interfaces,
		"routing-options": routingOptions,
		"routing-instances": routingInstances,
	},
});

export type FirewallConfig = Snapshot<typeof firewallSchema>;

/** What a commit says about interfaces and routes. */
export function verifyFirewall({ interfaces: devices, ...config }: FirewallConfig): readonly Finding[] {
	return [...verifyInterfaces(devices), ...verifyRouting(config.routingOptions, config.routingInstances, devices)];
}
