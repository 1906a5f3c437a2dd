/** What one connection of HTTP/2 may take of the gateway. */
import type { FloodLimits } from "#http/http2-flood.ts";

export interface Http2Limits {
	/** Octets of one field block as it is coded, and frames that it comes in. */
	readonly maxBlockOctets: number;
	readonly maxBlockFrames: number;
	/** Size of one field list as RFC 9113 §6.5.2 counts it. */
	readonly maxListOctets: number;
	/** Memory of one table of HPACK. */
	readonly maxTableOctets: number;
	readonly maxStreams: number;
	/** Octets of a response that may wait for its end, and of all together. */
	readonly maxHeldOctets: number;
	readonly maxHeldTogether: number;
	/** Frames that do no work, of each side. */
	readonly idleFrames: FloodLimits;
	/** Streams that end before they were answered. */
	readonly resets: FloodLimits;
}

export const defaultHttp2Limits: Http2Limits = {
	maxBlockOctets: 65_536,
	maxBlockFrames: 64,
	maxListOctets: 65_536,
	maxTableOctets: 65_536,
	maxStreams: 256,
	maxHeldOctets: 16_384,
	maxHeldTogether: 262_144,
	idleFrames: { burst: 2_000, perSecond: 500 },
	resets: { burst: 300, perSecond: 100 },
};
