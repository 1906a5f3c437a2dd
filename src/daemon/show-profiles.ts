/** `show services ssl proxy profile`. */
import type { CommandWorld } from "#daemon/gateway-view.ts";
import { compileLegs } from "#proxy/compile-legs.ts";
import type { SslProxyProfile } from "#proxy/ssl-proxy-schema.ts";
import { visibleText } from "#telemetry/display-text.ts";
import { describeGroup } from "#tls/key-exchange-groups.ts";
import type { LegSettings } from "#tls/leg-settings.ts";
import { versionNames } from "#tls/tls-statements.ts";

/** What each profile says; `isDetailed`: also what both legs may negotiate, best first, and the switches for all profiles. */
export function showProfiles({ gateway }: CommandWorld, isDetailed: boolean): string {
	const { config } = gateway.configuration;
	const profiles: ReadonlyMap<string, SslProxyProfile> = config?.services.ssl.proxy.profile ?? new Map();
	if (config === undefined || profiles.size === 0) return "No profile is configured\n";
	const uses = new Map<string, number>();
	for (const { profile } of gateway.plan.policy.rules)
		if (profile !== undefined) uses.set(profile.name, (uses.get(profile.name) ?? 0) + 1);
	const lines: string[] = [];
	if (isDetailed) {
		const { clientInspection, serverInspection } = config.services.ssl.proxy;
		lines.push(`Inspection: of clients ${clientInspection}, of servers ${serverInspection}`);
		lines.push(
			`Private keys: ${config.security.pki.persistPrivateKeys === "enable" ? "kept at rest, encrypted" : "in memory alone"}`,
		);
	}
	for (const [name, profile] of profiles) {
		const { rootCa, untrustedRootCa, trustedCa, tlsGrade, decryptionPolicy } = profile;
		lines.push(
			`Profile: ${name}, policies that use it: ${uses.get(name) ?? 0}`,
			`  Signs with: ${rootCa ?? "-"}; servers that are not trusted: ${untrustedRootCa ?? "blocked"}`,
			`  Trusts: ${trustedCa.join(", ") || "nobody"}; grade ${tlsGrade}; decryption policy ${decryptionPolicy ?? "-"}`,
		);
		if (!isDetailed) continue;
		const { client, server } = compileLegs(profile);
		lines.push(...legLines("Towards clients", client), ...legLines("Towards servers", server));
	}
	return `${lines.map(visibleText).join("\n")}\n`;
}

function legLines(side: string, { versions, suites, groups }: LegSettings): readonly string[] {
	return [
		`  ${side}: ${versions.map((version) => versionNames.get(version)).join(", ")}`,
		`    Suites: ${suites.map(({ name }) => name).join(", ")}`,
		`    Groups: ${groups.map(describeGroup).join(", ")}`,
	];
}
