/** Whether what `trusted-ca` of SSL proxy profiles names is there, and whether it vouches for anything. */
import { error, type Finding, warning } from "#config/finding.ts";
import { shown } from "#config/leaf-types.ts";
import type { PkiConfig } from "#pki/schema.ts";
import { trustKeywords } from "#pki/trust-selection.ts";
import type { ProxyConfig } from "#proxy/schema.ts";

/**
 * `stored` are the CA profiles and CA profile groups whose certificates are stored; undefined when that is not known.
 */
export function verifyTrust(
	{ services, security }: ProxyConfig & PkiConfig,
	stored: ReadonlySet<string> | undefined,
): readonly Finding[] {
	if (stored === undefined) return [];
	const { caProfile, trustedCaGroup, defaultTrustStore } = security.pki;
	const existing = [...new Set([...caProfile.keys(), ...trustedCaGroup.keys(), ...stored])].sort();
	const findings: Finding[] = [];
	for (const [name, { trustedCa }] of services.ssl.proxy.profile) {
		const path = ["services", "ssl", "proxy", "profile", name];
		const named = trustedCa.filter((one) => !trustKeywords.has(one));
		for (const one of named.filter((each) => !existing.includes(each)))
			findings.push(error(path, "trusted-ca", `'${shown(one)}' does not exist; existing: ${listed(existing)}`));
		if (trustedCa.includes("default") && defaultTrustStore.disable)
			findings.push(warning(path, "trusted-ca", "default gives nothing: default-trust-store is disabled"));
		const empty = named.filter((one) => caProfile.has(one) && !stored.has(one));
		for (const one of empty)
			findings.push(
				warning(path, "trusted-ca", `no certificate is loaded for CA profile '${one}': it vouches for nothing`),
			);
	}
	for (const [name, { caProfiles }] of trustedCaGroup) {
		const empty = caProfiles.filter((one) => !stored.has(one));
		if (empty.length === 0) continue;
		const path = ["security", "pki", "trusted-ca-group", name];
		findings.push(warning(path, "ca-profiles", `no certificate is loaded for ${listed(empty)}`));
	}
	return findings;
}

function listed(names: readonly string[]): string {
	const some = names.slice(0, maxListed).map((name) => `"${name}"`);
	return some.length === 0 ? "none" : some.join(", ") + (names.length > maxListed ? ", ..." : "");
}

const maxListed = 10;
