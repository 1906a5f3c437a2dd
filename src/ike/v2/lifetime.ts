/** When keys are replaced: some time before they end, and not at the same moment at both ends (RFC 7296 §2.8; B7). */
import type { RandomOctets } from "#ike/crypto/agree-key.ts";

/** Moments in milliseconds. */
export interface Lifetime {
	/** New keys are asked for. */
	readonly softAt: number;
	/** The keys are not used any more. */
	readonly hardAt: number;
}

/**
 * Soft comes 600 s before hard with up to 30 s more or less; a fifth of the lifetime before it, with up to a hundredth, when
 * that is sooner.
 */
export function lifetimeFrom(now: number, lifetime: number, random: RandomOctets): Lifetime {
	const margin = Math.min(600_000, lifetime / 5);
	const spread = margin / 20;
	const [high, low] = random(2) as unknown as [number, number];
	const jitter = ((high * 256 + low) / 65_535) * 2 - 1;
	return { softAt: Math.round(now + lifetime - margin + jitter * spread), hardAt: now + lifetime };
}
