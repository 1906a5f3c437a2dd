/** The configuration of inspection: patterns, intrusions, applications, viruses, feeds, ICAP. */
import type { Finding } from "#config/finding.ts";
import { container, type Snapshot } from "#config/schema.ts";
import {
	advancePolicyBasedRouting,
	applicationFirewall,
	applicationIdentification,
	applicationTracking,
} from "#inspect/application-control-schema.ts";
import { icapRedirect, verifyIcap } from "#inspect/icap-schema.ts";
import { idp, verifyIdp } from "#inspect/idp-schema.ts";
import { inspection, verifyPatterns } from "#inspect/inspection-schema.ts";
import { intelligence, verifyIntelligence } from "#inspect/intelligence-schema.ts";
import { utm, verifyUtm } from "#inspect/utm-schema.ts";

export const inspectSchema = container({
	help: "Configuration",
	children: {
		services: container({
			help: "Services",
			children: {
				"icap-redirect": icapRedirect,
				"application-identification": applicationIdentification,
			},
		}),
		security: container({
			help: "Security",
			permission: "security",
			children: {
				inspection,
				idp,
				"application-firewall": applicationFirewall,
				"application-tracking": applicationTracking,
				"advance-policy-based-routing": advancePolicyBasedRouting,
				utm,
				intelligence,
			},
		}),
	},
});

export type InspectConfig = Snapshot<typeof inspectSchema>;

/** What a commit says about inspection. */
export function verifyInspection({ services, security }: InspectConfig): readonly Finding[] {
	return [
		...verifyPatterns(security.inspection),
		...verifyIdp(security.idp),
		...verifyUtm(security.utm),
		...verifyIntelligence(security.intelligence),
		...verifyIcap(services.icapRedirect),
	];
}
