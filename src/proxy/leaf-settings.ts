/** What the configuration says about leaves and the TLS contexts of the client leg. */
import type { MintingRules } from "#pki/mint.ts";

export interface LeafSettings extends Omit<MintingRules, "now"> {
	/** How long a leaf is used again; 0 mints one for every session. */
	readonly keepMs: number;
	/** How long a session can be resumed, on either leg. */
	readonly sessionSeconds: number;
}

/** Those of a configuration that says nothing. */
export const defaultLeafSettings: LeafSettings = {
	maximumLifetimeMs: 47 * 86_400_000,
	crlHost: undefined,
	keepMs: 3_600_000,
	sessionSeconds: 3_600,
};
