/** The configuration of the gateway: where traffic enters, how it is opened, which names it knows by itself. */
import type { Finding } from "#config/finding.ts";
import { address, hostName } from "#config/network-types.ts";
import { container, leafList, list, type Snapshot } from "#config/schema.ts";
import type { PolicyConfig } from "#policy/schema.ts";
import type { ZoneSources } from "#policy/zone-table.ts";
import { gateway, verifyListeners } from "#proxy/gateway-schema.ts";
import { sslProxy } from "#proxy/ssl-proxy-schema.ts";
import { type ListNames, verifyDomainLists } from "#proxy/verify-domain-lists.ts";
import { verifyInspection } from "#proxy/verify-inspection.ts";
import { verifyKnownZones } from "#proxy/verify-known-zones.ts";
import { verifyLeniency } from "#proxy/verify-leniency.ts";
import { verifySslProxy } from "#proxy/verify-ssl-proxy.ts";
import { verifyTransparent } from "#proxy/verify-transparent.ts";

const sslPermission = "ssl-inspection-management";

const staticHosts = list({
	help: "Addresses of a host name, asked before the system's resolver",
	keys: { name: hostName() },
	layout: "line-if-single",
	children: {
		inet: leafList(address("inet"), { help: "IPv4 addresses" }),
		inet6: leafList(address("inet6"), { help: "IPv6 addresses" }),
	},
});

export const proxySchema = container({
	help: "Configuration",
	children: {
		system: container({ help: "System", permission: "system", children: { "static-host-mapping": staticHosts } }),
		services: container({
			help: "Services",
			children: {
				gateway: { ...gateway, permission: sslPermission },
				ssl: container({ help: "TLS", permission: sslPermission, children: { proxy: sslProxy } }),
			},
		}),
	},
});

export type ProxyConfig = Snapshot<typeof proxySchema>;

/**
 * What a commit says about the gateway's statements. `caIds` are the names of the signing certificates that exist,
 * `listNames` those of the lists of domains.
 */
export function verifyProxy(
	config: ProxyConfig & PolicyConfig & ZoneSources,
	caIds: ReadonlySet<string>,
	listNames?: ListNames,
): readonly Finding[] {
	const { services } = config;
	return [
		...verifySslProxy(services.ssl.proxy, caIds),
		...verifyInspection(services.ssl.proxy, config.security.policies),
		...verifyLeniency(services.ssl.proxy, config.security.policies, config.schedulers.scheduler),
		...verifyDomainLists(services.ssl.proxy, listNames),
		...verifyListeners(services.gateway, services.ssl.proxy.profile),
		...verifyTransparent(services.gateway),
		...verifyKnownZones(config),
	];
}
