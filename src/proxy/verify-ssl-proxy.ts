/** What a commit says about `services ssl proxy`. */
import { error, type Finding, warning } from "#config/finding.ts";
import { clientStatements, serverStatements } from "#proxy/compile-legs.ts";
import type { SslProxy, SslProxyProfile } from "#proxy/ssl-proxy-schema.ts";
import { verifyClientAuthentication } from "#tls/client-authentication-schema.ts";
import { readEchConfiguration } from "#tls/ech.ts";
import { verifyCipherList, verifyLeg } from "#tls/tls-statements.ts";

/** Each profile by itself. `caIds` are the names of the signing certificates that exist. */
export function verifySslProxy(
	{ profile: profiles, globalConfig }: SslProxy,
	caIds: ReadonlySet<string>,
): readonly Finding[] {
	const findings: Finding[] = [...verifyEchConfigurations(globalConfig.echConfiguration)];
	for (const [profileName, profile] of profiles) {
		const path = ["services", "ssl", "proxy", "profile", profileName];
		findings.push(
			...verifyAuthorities(path, profile, caIds),
			...verifySuites(path, profile),
			...verifyDangers(path, profile),
			...verifyClients(path, profile),
		);
	}
	return findings;
}

function verifyEchConfigurations(lists: readonly string[]): readonly Finding[] {
	const path = ["services", "ssl", "proxy", "global-config"];
	return lists
		.filter((text) => readEchConfiguration(text) === undefined)
		.map((text) =>
			error(path, "ech-configuration", `'${text}' is no ECHConfigList in base64 with a key of version 0xfe0d`),
		);
}

function verifyAuthorities(
	path: readonly string[],
	{ rootCa, untrustedRootCa, rootCaRsa, untrustedRootCaRsa, serverCertificate }: SslProxyProfile,
	caIds: ReadonlySet<string>,
): readonly Finding[] {
	const findings: Finding[] = [];
	if (rootCa === undefined && serverCertificate.length === 0)
		findings.push(error(path, undefined, "missing mandatory statement: one of 'root-ca', 'server-certificate'"));
	for (const [statement, id] of [
		["root-ca", rootCa],
		["untrusted-root-ca", untrustedRootCa],
		["root-ca-rsa", rootCaRsa],
		["untrusted-root-ca-rsa", untrustedRootCaRsa],
	] as const) {
		if (id === undefined || caIds.has(id)) continue;
		const existing = [...caIds].join(", ") || "none";
		findings.push(error(path, statement, `certificate '${id}' does not exist; existing: ${existing}`));
	}
	const trusted = new Set([rootCa, rootCaRsa].filter((id) => id !== undefined));
	for (const [statement, id] of [
		["untrusted-root-ca", untrustedRootCa],
		["untrusted-root-ca-rsa", untrustedRootCaRsa],
	] as const) {
		if (id === undefined || !trusted.has(id)) continue;
		const other = id === rootCa ? "root-ca" : "root-ca-rsa";
		findings.push(error(path, statement, `must differ from ${other}: clients trust that one`));
	}
	if (rootCaRsa !== undefined && rootCa === undefined) findings.push(error(path, "root-ca-rsa", "needs 'root-ca'"));
	if (untrustedRootCaRsa !== undefined && untrustedRootCa === undefined)
		findings.push(error(path, "untrusted-root-ca-rsa", "needs 'untrusted-root-ca'"));
	return findings;
}

/** Clients of minted leaves are not asked for certificates: they would be signed for another server. */
function verifyClients(path: readonly string[], profile: SslProxyProfile): readonly Finding[] {
	const { clientAuthentication, serverCertificate } = profile;
	if (clientAuthentication === undefined) return [];
	const findings = verifyClientAuthentication(path, clientAuthentication);
	if (serverCertificate.length > 0) return findings;
	return [...findings, error(path, "client-authentication", "needs 'server-certificate'")];
}

function verifySuites(path: readonly string[], profile: SslProxyProfile): readonly Finding[] {
	const { preferredCiphers: preferred, customCiphers, serverCustomCiphers } = profile;
	const findings = [
		...verifyCipherList(path, "custom-ciphers", customCiphers, preferred),
		...verifyCipherList(path, "server-custom-ciphers", serverCustomCiphers, undefined),
	];
	if (preferred === "custom" && customCiphers.length === 0)
		findings.push(error(path, "preferred-ciphers", "custom needs 'custom-ciphers'"));
	findings.push(...verifyLeg(path, "protocol-version", clientStatements(profile)));
	const server = serverStatements(profile);
	if (server.isOwnOffer === true) {
		const statement = profile.serverProtocolVersion === undefined ? "server-custom-ciphers" : "server-protocol-version";
		findings.push(...verifyLeg(path, statement, server));
	}
	if (profile.tlsGrade === "legacy") findings.push(warning(path, "tls-grade", legacyMeans));
	return findings;
}

function verifyDangers(path: readonly string[], profile: SslProxyProfile): readonly Finding[] {
	const { actions, mirrorDecryptTraffic: mirror, neverDecryptSource, alwaysDecryptSource } = profile;
	const findings: Finding[] = [];
	if (actions.ignoreServerAuthFailure) {
		const message = "danger: servers are not authenticated; clients cannot notice an impostor";
		findings.push(warning([...path, "actions"], "ignore-server-auth-failure", message));
	}
	if (actions.clientCertificateRequest === "present" && profile.clientCertificate.server.size === 0)
		findings.push(error([...path, "actions"], "client-certificate-request", "present needs 'client-certificate'"));
	const always = new Set(alwaysDecryptSource.map(({ address, length }) => `${address.octets.join(".")}/${length}`));
	if (neverDecryptSource.some(({ address, length }) => always.has(`${address.octets.join(".")}/${length}`)))
		findings.push(warning(path, "never-decrypt-source", "a prefix is in always-decrypt-source too, which goes first"));
	if (mirror.interface !== undefined && mirror.destinationMacAddress === undefined) {
		const message =
			"needs 'destination-mac-address': without it every station on the interface gets what was decrypted";
		findings.push(error([...path, "mirror-decrypt-traffic"], "interface", message));
	}
	return findings;
}

const legacyMeans =
	"danger: TLS 1.0 and 1.1, RSA key transport and SHA-1 have known attacks; of the set of older appliances 3DES is missing, which OpenSSL no longer has: peers with nothing else cannot be reached";
