/** Which statements name certificates of the gateway itself, and whether those are there. */
import { error, type Finding } from "#config/finding.ts";
import type { IkeConfig } from "#ike/schema.ts";
import type { SystemConfig } from "#product/system-schema.ts";
import type { ProxyConfig } from "#proxy/schema.ts";
import type { TlsConfig } from "#tls/schema.ts";

type UsingConfig = ProxyConfig & TlsConfig & SystemConfig & IkeConfig;

/** One statement that names a certificate. */
export interface CertificateUse {
	readonly path: readonly string[];
	readonly statement: string;
	readonly id: string;
	/** It must sign others. */
	readonly isSigner: boolean;
}

/** What is known of a certificate before any key is opened. */
export interface CertificateFacts {
	/** False for a key pair that has no certificate yet. */
	readonly hasCertificate: boolean;
	readonly isCa: boolean;
	readonly hasKey: boolean;
}

/** Every statement that names a certificate. */
export function certificateUses({ services, system, security }: UsingConfig): readonly CertificateUse[] {
	const uses: CertificateUse[] = [];
	const add = (path: readonly string[], statement: string, id: string | undefined, isSigner = false): void => {
		if (id !== undefined) uses.push({ path, statement, id, isSigner });
	};
	const { initiation, termination, proxy } = services.ssl;
	for (const [name, profile] of proxy.profile) {
		const path = ["services", "ssl", "proxy", "profile", name];
		add(path, "root-ca", profile.rootCa, true);
		add(path, "untrusted-root-ca", profile.untrustedRootCa, true);
		add(path, "root-ca-rsa", profile.rootCaRsa, true);
		add(path, "untrusted-root-ca-rsa", profile.untrustedRootCaRsa, true);
		for (const id of profile.serverCertificate) add(path, "server-certificate", id);
		for (const [host, { certificate }] of profile.clientCertificate.server)
			add([...path, "client-certificate"], host, certificate);
	}
	for (const [name, { clientCertificate }] of initiation.profile)
		add(["services", "ssl", "initiation", "profile", name], "client-certificate", clientCertificate);
	for (const [name, { serverCertificate }] of termination.profile)
		for (const id of serverCertificate)
			add(["services", "ssl", "termination", "profile", name], "server-certificate", id);
	const { webManagement, rest } = system.services;
	add(["system", "services", "web-management", "https"], "local-certificate", webManagement.https?.localCertificate);
	add(["system", "services", "rest", "https"], "server-certificate", rest.https?.serverCertificate);
	for (const [name, { certificate }] of security.ike.policy)
		add(["security", "ike", "policy", name, "certificate"], "local-certificate", certificate.localCertificate);
	return uses;
}

/** What a commit says about the certificates that it names. */
export function verifyCertificateUses(
	config: UsingConfig,
	known: ReadonlyMap<string, CertificateFacts>,
): readonly Finding[] {
	const findings: Finding[] = [];
	for (const { path, statement, id, isSigner } of certificateUses(config)) {
		const facts = known.get(id);
		const problem = problemOf(facts, isSigner);
		// That a signing certificate is missing is said with the other rules of its profile.
		if (facts === undefined && !isSigner) {
			const existing = [...known].filter(([, one]) => one.hasCertificate).map(([name]) => name);
			const list = existing.join(", ") || "none";
			findings.push(error(path, statement, `certificate '${id}' does not exist; existing: ${list}`));
		} else if (problem !== undefined) findings.push(error(path, statement, `certificate '${id}' ${problem}`));
	}
	return findings;
}

function problemOf(facts: CertificateFacts | undefined, isSigner: boolean): string | undefined {
	if (facts === undefined) return undefined;
	if (!facts.hasCertificate) return "is a key pair that has no certificate yet";
	if (!facts.hasKey) return "has no private key";
	return isSigner && !facts.isCa ? "is not a CA certificate" : undefined;
}
