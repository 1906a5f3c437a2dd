/** The configuration of policies: zones, addresses, applications, schedulers, users, and the policies themselves. */
import type { Finding } from "#config/finding.ts";
import { container, type Snapshot } from "#config/schema.ts";
import { access, userIdentification } from "#policy/access-schema.ts";
import { addressBook } from "#policy/address-book-schema.ts";
import { applications, verifyApplications } from "#policy/application-schema.ts";
import { flow } from "#policy/flow-schema.ts";
import { policies } from "#policy/policies-schema.ts";
import { schedulers, verifySchedulers } from "#policy/scheduler-schema.ts";
import { verifyAddressBooks, verifyPolicyRules } from "#policy/verify-policies.ts";
import { verifyZones, zones } from "#policy/zones-schema.ts";

export const policySchema = container({
	help: "Configuration",
	children: {
		security: container({
			help: "Security",
			permission: "security",
			children: {
				"address-book": addressBook,
				flow,
				policies,
				zones,
				"user-identification": userIdentification,
			},
		}),
		access,
		schedulers,
		applications,
	},
});

export type PolicyConfig = Snapshot<typeof policySchema>;

/** What a commit says about policies and all that they name. */
export function verifyPolicies(config: PolicyConfig): readonly Finding[] {
	return [
		...verifyAddressBooks(config),
		...verifyZones(config.security.zones),
		...verifyApplications(config.applications),
		...verifySchedulers(config.schedulers),
		...verifyPolicyRules(config),
	];
}
