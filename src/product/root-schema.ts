/** The whole configuration tree: the slices of all capabilities, merged. */

import type { Finding } from "#config/finding.ts";
import { type MergedSnapshot, mergeSchemas } from "#config/merge-schemas.ts";
import { firewallSchema, verifyFirewall } from "#firewall/schema.ts";
import { ikeSchema, verifyVpns } from "#ike/schema.ts";
import { inspectSchema, verifyInspection } from "#inspect/schema.ts";
import { pkiSchema, verifyPki } from "#pki/schema.ts";
import { policySchema, verifyPolicies } from "#policy/schema.ts";
import { systemSchema, verifySystem } from "#product/system-schema.ts";
import { proxySchema, verifyProxy } from "#proxy/schema.ts";
import { telemetrySchema, verifyTelemetry } from "#telemetry/schema.ts";
import { tlsSchema, verifyTls } from "#tls/schema.ts";

/** The order of the slices is the order in which their statements are printed. */
const slices = [
	systemSchema,
	tlsSchema,
	proxySchema,
	telemetrySchema,
	pkiSchema,
	ikeSchema,
	firewallSchema,
	policySchema,
	inspectSchema,
] as const;

export const rootSchema = mergeSchemas(slices);

/** A checked configuration. */
export type RootConfig = MergedSnapshot<typeof slices>;

/** What every capability says about a configuration. */
export function verifyConfiguration(
	config: RootConfig,
	facts: { readonly caIds: ReadonlySet<string> },
): readonly Finding[] {
	return [
		...verifySystem(config),
		...verifyTls(config),
		...verifyProxy(config, facts.caIds),
		...verifyTelemetry(config),
		...verifyPki(config),
		...verifyVpns(config),
		...verifyFirewall(config),
		...verifyPolicies(config),
		...verifyInspection(config),
	];
}
