/** The whole configuration tree: the slices of all capabilities, merged. */

import type { Finding } from "#config/finding.ts";
import { type MergedSnapshot, mergeSchemas } from "#config/merge-schemas.ts";
import { inspectSchema, verifyInspection } from "#inspect/schema.ts";
import { policySchema, verifyPolicies } from "#policy/schema.ts";
import { proxySchema, verifyProxy } from "#proxy/schema.ts";
import { telemetrySchema } from "#telemetry/schema.ts";

const slices = [proxySchema, policySchema, inspectSchema, telemetrySchema] as const;

export const rootSchema = mergeSchemas(slices);

/** A checked configuration. */
export type RootConfig = MergedSnapshot<typeof slices>;

/** What every capability says about a configuration. */
export function verifyConfiguration(
	config: RootConfig,
	facts: { readonly caIds: ReadonlySet<string> },
): readonly Finding[] {
	return [...verifyProxy(config, facts.caIds), ...verifyPolicies(config), ...verifyInspection(config)];
}
