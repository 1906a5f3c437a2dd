/** What a commit says about VPNs together with the interfaces, zones and policies that lead to them. */
import { error, type Finding, warning } from "#config/finding.ts";
import { isTunnelBase, splitInterface, unitOf } from "#firewall/interface-device.ts";
import type { FirewallConfig } from "#firewall/schema.ts";
import type { Ike } from "#ike/ike-schema.ts";
import type { Ipsec } from "#ike/ipsec-schema.ts";
import type { PolicyConfig } from "#policy/schema.ts";
import type { Zones } from "#policy/zones-schema.ts";

/** The statements that decide where tunnels lie. */
export type TunnelConfig = FirewallConfig &
	PolicyConfig & { readonly security: { readonly ike: Ike; readonly ipsec: Ipsec } };

/** Tunnel interfaces, the policies of policy-based VPNs, and the zones that must admit IKE. */
export function verifyTunnels(config: TunnelConfig): readonly Finding[] {
	return [...verifyBindings(config), ...verifyTunnelPolicies(config), ...verifyExternalInterfaces(config)];
}

/** Several VPNs share a tunnel interface only when it is multipoint. */
function verifyBindings({ security, interfaces }: TunnelConfig): readonly Finding[] {
	const findings: Finding[] = [];
	const vpnOf = new Map<string, string>();
	for (const [vpnName, { bindInterface }] of security.ipsec.vpn) {
		if (bindInterface === undefined || !isTunnelBase(splitInterface(bindInterface).base)) continue;
		const path = ["security", "ipsec", "vpn", vpnName];
		const unit = unitOf(interfaces, bindInterface);
		const other = vpnOf.get(bindInterface);
		if (unit === undefined)
			findings.push(warning(path, "bind-interface", `${bindInterface} is not configured under 'interfaces'`));
		if (other === undefined) vpnOf.set(bindInterface, vpnName);
		else if (unit?.multipoint !== true) {
			const message = `${bindInterface} is that of VPN "${other}" already; several VPNs need 'multipoint' on the unit`;
			findings.push(error(path, "bind-interface", message));
		}
	}
	return findings;
}

/** A VPN in a policy must not have a tunnel interface too. */
function verifyTunnelPolicies({ security }: TunnelConfig): readonly Finding[] {
	const findings: Finding[] = [];
	for (const { fromZoneName: from, toZoneName: to, policy } of security.policies.fromZone.values()) {
		for (const [policyName, { then }] of policy) {
			const vpnName = then.permit?.tunnel?.ipsecVpn;
			const bound = security.ipsec.vpn.get(vpnName ?? "")?.bindInterface;
			if (bound === undefined) continue;
			const path = ["security", "policies", "from-zone", from, "to-zone", to, "policy", policyName];
			const message = `VPN "${vpnName}" is bound to ${bound}: it is route-based, and no policy can name it`;
			findings.push(error([...path, "then", "permit", "tunnel"], "ipsec-vpn", message));
		}
	}
	return findings;
}

/** IKE arrives at the zone of the external interface. */
function verifyExternalInterfaces({ security, interfaces }: TunnelConfig): readonly Finding[] {
	const findings: Finding[] = [];
	const check = (path: readonly string[], external: string, needsIke: boolean): void => {
		if (unitOf(interfaces, external) === undefined && splitInterface(external).base.includes("/"))
			findings.push(warning(path, "external-interface", `${external} is not configured under 'interfaces'`));
		const zone = needsIke ? zoneWithoutIke(security.zones, external) : undefined;
		if (zone === undefined) return;
		const message = `zone ${zone} does not admit IKE; set security zones security-zone ${zone} host-inbound-traffic system-services ike`;
		findings.push(warning(path, "external-interface", message));
	};
	for (const [gatewayName, { externalInterface }] of security.ike.gateway)
		check(["security", "ike", "gateway", gatewayName], externalInterface, true);
	for (const [vpnName, { manual }] of security.ipsec.vpn) {
		if (manual === undefined) continue;
		check(["security", "ipsec", "vpn", vpnName, "manual"], manual.externalInterface, false);
	}
	return findings;
}

/** The zone of an interface when neither zone nor interface admits IKE. What the interface says replaces the zone's. */
function zoneWithoutIke({ securityZone }: Zones, name: string): string | undefined {
	for (const [zone, { interfaces, hostInboundTraffic }] of securityZone) {
		const member = interfaces.interface.get(name);
		if (member === undefined) continue;
		const own = member.hostInboundTraffic.systemServices.service;
		const services = own.size > 0 ? own : hostInboundTraffic.systemServices.service;
		const admits = services.has("all") || services.has("any-service") || services.has("ike");
		return admits && services.get("ike")?.except !== true ? undefined : zone;
	}
	return undefined;
}
