/** Which VPNs a commit accepts although nothing runs them, and why. */
import { parseAddress } from "#base/address.ts";
import { type Finding, warning } from "#config/finding.ts";
import { type ConnectionFacts, compileConnections } from "#ike/compile-connections.ts";
import type { Ike } from "#ike/ike-schema.ts";
import type { Ipsec } from "#ike/ipsec-schema.ts";

/** One warning for each; what the host lacks for a VPN shows only when it is put in force. */
export function verifyRunnable(ike: Ike, ipsec: Ipsec): readonly Finding[] {
	return compileConnections(ike, ipsec, bestCase).gaps.map(({ vpn, reason }) =>
		warning(["security", "ipsec", "vpn", vpn], undefined, `${reason}; nothing acts on it in this version`),
	);
}

const someAddress = parseAddress("192.0.2.1");
/** A host that has all that a VPN could need. */
const bestCase: ConnectionFacts = {
	addressOf: () => someAddress,
	resolve: () => (someAddress === undefined ? [] : [someAddress]),
	ownCertificate: () => ({
		local: { kind: "certificate", certificates: [], publicKey: undefined as never },
		subject: new Uint8Array(0),
	}),
	usersOf: () => new Map(),
	trustOf: () => ({
		kind: "certificate",
		judge: () => ({ kind: "untrusted", reason: "nobody is" }),
		authorities: new Uint8Array(0),
	}),
};
