/** What a commit says about `security ipsec`. */
import type { Secret } from "#base/secret.ts";
import { error, type Finding, warning } from "#config/finding.ts";
import type { Ike } from "#ike/ike-schema.ts";
import type { Ipsec, Vpn } from "#ike/ipsec-schema.ts";
import { verifyExchanges } from "#ike/verify-ike.ts";

/** Proposals, policies and VPNs, each by itself and with those it names. */
export function verifyIpsec(ipsec: Ipsec, ike: Ike): readonly Finding[] {
	const path = ["security", "ipsec"];
	const findings: Finding[] = [];
	for (const [proposalName, proposal] of ipsec.proposal) {
		const { protocol, authenticationAlgorithm, encryptionAlgorithm } = proposal;
		findings.push(
			...verifyTransform([...path, "proposal", proposalName], protocol, authenticationAlgorithm, encryptionAlgorithm),
		);
	}
	for (const [policyName, policy] of ipsec.policy) {
		const { perfectForwardSecrecy: secrecy } = policy;
		const at = [...path, "policy", policyName, "perfect-forward-secrecy"];
		if (secrecy !== undefined) findings.push(...verifyExchanges(at, secrecy.keys, secrecy.additionalKeyExchange));
		const protocols = new Set(policy.proposals.map((name) => ipsec.proposal.get(name)?.protocol));
		if (protocols.size > 1) {
			const message = "some proposals are of protocol ah and others of esp; a peer takes only one";
			findings.push(warning([...path, "policy", policyName], "proposals", message));
		}
	}
	for (const [vpnName, vpn] of ipsec.vpn) findings.push(...verifyVpn([...path, "vpn", vpnName], vpn, ike));
	return findings;
}

function verifyVpn(path: readonly string[], vpn: Vpn, ike: Ike): readonly Finding[] {
	const findings: Finding[] = [];
	const { manual } = vpn;
	if (manual !== undefined) findings.push(...verifyManual([...path, "manual"], manual));
	const gateway = ike.gateway.get(vpn.ike?.gateway ?? "");
	if (vpn.vpnMonitor !== undefined && gateway?.deadPeerDetection !== undefined) {
		const message = `cannot stand beside 'dead-peer-detection' of gateway "${vpn.ike?.gateway}"`;
		findings.push(error(path, "vpn-monitor", message));
	}
	if (vpn.bindInterface !== undefined && !vpn.bindInterface.startsWith("st0."))
		findings.push(error(path, "bind-interface", `'${vpn.bindInterface}' is no tunnel interface; expected st0.N`));
	if (vpn.bindInterface === undefined && gateway?.version === "v2-only")
		findings.push(
			error(path, "ike", `IKEv2 of gateway "${vpn.ike?.gateway}" needs a route-based VPN; set bind-interface st0.N`),
		);
	if (gateway?.dynamic !== undefined && vpn.establishTunnels === "immediately")
		findings.push(warning(path, "establish-tunnels", "a peer without a fixed address cannot be called; it must begin"));
	const { local, remote } = vpn.ike?.proxyIdentity ?? {};
	if (local !== undefined && remote !== undefined && local.address.octets.length !== remote.address.octets.length)
		findings.push(error([...path, "ike", "proxy-identity"], "remote", "is not of the family of 'local'"));
	if (vpn.ike?.noAntiReplay === true)
		findings.push(
			warning([...path, "ike"], "no-anti-replay", "danger: recorded packets can be sent again and are accepted"),
		);
	return findings;
}

/** AH encrypts nothing and must authenticate; ESP without authentication can be forged. */
function verifyTransform(
	path: readonly string[],
	protocol: "esp" | "ah",
	authentication: string | undefined,
	encryption: string | undefined,
): readonly Finding[] {
	const isCombined = encryption?.endsWith("-gcm") === true;
	if (protocol === "ah") {
		const findings: Finding[] = [];
		if (encryption !== undefined) findings.push(error(path, "encryption-algorithm", "protocol ah does not encrypt"));
		if (authentication === undefined) findings.push(error(path, "protocol", "ah needs 'authentication-algorithm'"));
		return findings;
	}
	if (encryption === undefined && authentication === undefined)
		return [error(path, "protocol", "esp needs 'encryption-algorithm', 'authentication-algorithm', or both")];
	if (isCombined && authentication !== undefined)
		return [error(path, "authentication-algorithm", `${encryption} authenticates by itself; delete it`)];
	if (encryption === undefined)
		return [warning(path, "protocol", "danger: nothing is encrypted, traffic can be read on the way")];
	if (authentication === undefined && !isCombined)
		return [warning(path, "protocol", "danger: nothing is authenticated, packets can be changed on the way")];
	return [];
}

function verifyManual(path: readonly string[], manual: NonNullable<Vpn["manual"]>): readonly Finding[] {
	const { protocol, authentication, encryption } = manual;
	const findings = [...verifyTransform(path, protocol, authentication?.algorithm, encryption?.algorithm)];
	if (encryption?.algorithm.endsWith("-gcm") === true) {
		const message = `${encryption.algorithm} must not be used with a key that never changes`;
		findings.push(error([...path, "encryption"], "algorithm", message));
	}
	for (const [statement, part] of [
		["authentication", authentication],
		["encryption", encryption],
	] as const) {
		if (part === undefined) continue;
		const octets = keyOctets[part.algorithm];
		const { asciiText, hexadecimal } = part.key;
		const at = [...path, statement, "key"];
		if (asciiText !== undefined) findings.push(...verifyLength(at, "ascii-text", octets, textOctets(asciiText)));
		if (hexadecimal !== undefined)
			findings.push(...verifyLength(at, "hexadecimal", octets, hexadecimalOctets(hexadecimal)));
	}
	if (encryption?.algorithm === "3des-cbc") findings.push(...verifyTripleKey([...path, "encryption"], encryption.key));
	return findings;
}

function verifyLength(path: readonly string[], statement: string, wanted: number, key: Buffer): readonly Finding[] {
	if (key.length === wanted) return [];
	const unit = statement === "ascii-text" ? "characters" : "octets";
	return [error(path, statement, `the key has ${key.length} ${unit}; expected ${wanted}`)];
}

/** Of the three keys of Triple DES the first and the second should differ, else it is no stronger than DES. */
function verifyTripleKey(
	path: readonly string[],
	key: { readonly asciiText: Secret | undefined; readonly hexadecimal: Secret | undefined },
): readonly Finding[] {
	const octets = key.asciiText !== undefined ? textOctets(key.asciiText) : hexadecimalOctets(key.hexadecimal);
	if (octets.length !== 24 || !octets.subarray(0, 8).equals(octets.subarray(8, 16))) return [];
	return [
		warning(
			path,
			"key",
			"danger: its first and second 8 octets are the same, so that Triple DES is no stronger than DES",
		),
	];
}

function textOctets(key: Secret): Buffer {
	return Buffer.from(key.danger_reveal(), "utf8");
}

function hexadecimalOctets(key: Secret | undefined): Buffer {
	return Buffer.from(key?.danger_reveal().replace(/^0x/i, "") ?? "", "hex");
}

const keyOctets = {
	"hmac-md5-96": 16,
	"hmac-sha1-96": 20,
	"hmac-sha-256-128": 32,
	"hmac-sha-384": 48,
	"hmac-sha-512": 64,
	"des-cbc": 8,
	"3des-cbc": 24,
	"aes-128-cbc": 16,
	"aes-192-cbc": 24,
	"aes-256-cbc": 32,
	"aes-128-gcm": 20,
	"aes-192-gcm": 28,
	"aes-256-gcm": 36,
} as const;
