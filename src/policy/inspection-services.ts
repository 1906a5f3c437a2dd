/** Which statements of a policy have somebody look into what was decrypted. */
import type { ZonePolicy } from "#policy/policies-schema.ts";

export type ApplicationServices = NonNullable<ZonePolicy["then"]["permit"]>["applicationServices"];

/**
 * The inspection services that a policy is given, by the names of their statements; without any, opening its connections
 * serves nothing (R13).
 */
export function inspectionServices(services: ApplicationServices): readonly string[] {
	return candidates.flatMap(([statement, isGiven]) => (isGiven(services) ? [statement] : []));
}

const candidates: readonly (readonly [string, (services: ApplicationServices) => boolean])[] = [
	["application-firewall", ({ applicationFirewall }) => applicationFirewall !== undefined],
	["idp", ({ idp }) => idp],
	["idp-policy", ({ idpPolicy }) => idpPolicy !== undefined],
	["utm-policy", ({ utmPolicy }) => utmPolicy !== undefined],
	["icap-redirect", ({ icapRedirect }) => icapRedirect !== undefined],
	["security-intelligence-policy", ({ securityIntelligencePolicy }) => securityIntelligencePolicy !== undefined],
	["advance-policy-based-routing-profile", (given) => given.advancePolicyBasedRoutingProfile !== undefined],
	["pattern-policy", ({ patternPolicy }) => patternPolicy !== undefined],
];
