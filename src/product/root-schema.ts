/** The whole configuration tree: the slices of all capabilities, merged. */

import type { Finding } from "#config/finding.ts";
import { type MergedSnapshot, mergeSchemas } from "#config/merge-schemas.ts";
import { firewallSchema, verifyFirewall } from "#firewall/schema.ts";
import { verifyInterfaceNames } from "#firewall/verify-interface-names.ts";
import { ikeSchema, verifyVpns } from "#ike/schema.ts";
import { inspectSchema, verifyInspection } from "#inspect/schema.ts";
import { pkiSchema, verifyPki } from "#pki/schema.ts";
import { policySchema, verifyPolicies } from "#policy/schema.ts";
import { type CertificateFacts, verifyCertificateUses } from "#product/certificate-uses.ts";
import { systemSchema, verifySystem } from "#product/system-schema.ts";
import { proxySchema, verifyProxy } from "#proxy/schema.ts";
import { verifyDatagram } from "#proxy/verify-datagram.ts";
import type { ListNames } from "#proxy/verify-domain-lists.ts";
import { verifyTrust } from "#proxy/verify-trust.ts";
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

/** What is there besides the configuration and what it may name. */
export interface ConfigurationFacts {
	/** Signing certificates. */
	readonly caIds: ReadonlySet<string>;
	/** Authorities whose certificates are stored; undefined when it is not to be asked whether they are. */
	readonly trustNames?: ReadonlySet<string> | undefined;
	/** The gateway's own certificates; without them nobody asks whether those that are named are there. */
	readonly certificates?: ReadonlyMap<string, CertificateFacts> | undefined;
	/** Lists of domains that were imported; undefined when it is not to be asked whether they were. */
	readonly listNames?: ListNames | undefined;
}

/** What every capability says about a configuration. */
export function verifyConfiguration(config: RootConfig, facts: ConfigurationFacts): readonly Finding[] {
	return [
		...verifySystem(config),
		...verifyTls(config),
		...verifyProxy(config, facts.caIds, facts.listNames),
		...verifyDatagram(config),
		...(facts.certificates === undefined ? [] : verifyCertificateUses(config, facts.certificates)),
		...verifyTelemetry(config),
		...verifyPki(config),
		...verifyTrust(config, facts.trustNames),
		...verifyVpns(config),
		...verifyFirewall(config),
		...verifyInterfaceNames(config),
		...verifyPolicies(config),
		...verifyInspection(config),
	];
}
