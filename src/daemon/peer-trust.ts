/** What `iked` needs to find out whether peers' certificates were revoked: made in `managed`, plain data. */
import type { Address } from "#base/address.ts";
import type { TrustDirectory } from "#daemon/trust-directory.ts";
import type { VpnConfig } from "#daemon/vpn-facts.ts";
import { compileRevocation, type RevocationPlan } from "#pki/compile-revocation.ts";
import { certificatePem } from "#pki/pem.ts";

export interface PeerTrust {
	readonly revocation: RevocationPlan;
	/** PEM, by the name of the CA profile. */
	readonly profiles: ReadonlyMap<string, readonly string[]>;
	/** Revocation lists that the operator loaded, DER. */
	readonly loadedCrls: readonly Uint8Array[];
	/** Names with addresses of the configuration. */
	readonly staticHosts: ReadonlyMap<string, readonly Address[]>;
}

export function peerTrust(
	config: VpnConfig,
	trust: Pick<TrustDirectory, "bundle">,
	loadedCrls: readonly Uint8Array[],
): PeerTrust {
	const names = [...config.security.pki.caProfile.keys()];
	const hosts = [...config.system.staticHostMapping];
	return {
		revocation: compileRevocation(config),
		profiles: new Map(
			names.map((name) => [
				name,
				(trust.bundle("profile", name)?.certificates ?? []).map(({ der }) => certificatePem(der)),
			]),
		),
		loadedCrls,
		staticHosts: new Map(hosts.map(([name, { inet, inet6 }]) => [name, [...inet, ...inet6]])),
	};
}

/** Before there is a configuration, and where no peer has a certificate. */
export const noPeerTrust: PeerTrust = {
	revocation: { authorities: new Map(), permittedNetworks: [] },
	profiles: new Map(),
	loadedCrls: [],
	staticHosts: new Map(),
};
