/** Bounds and times of the engine. */
import type { RetransmitSettings } from "#ike/v2/request-window.ts";

export interface EngineSettings {
	/** UDP ports, the same at both ends: of IKE, and of IKE and ESP together (RFC 3948). */
	readonly ports: { readonly ike: number; readonly nat: number };
	readonly retransmit: RetransmitSettings;
	/** Messages longer than this go in fragments where the peer can read them; octets of UDP payload. */
	readonly maxDatagramOctets: number;
	/** Milliseconds that a peer has to authenticate itself. */
	readonly halfOpenLifetime: number;
	/** With more half-open associations than this, strangers are asked for a cookie. */
	readonly cookieThreshold: number;
	/** With this many, strangers are not answered at all. */
	readonly maxHalfOpen: number;
	/** With this many from one address (IPv6: from its first 64 bits), no more are begun from there. */
	readonly maxHalfOpenFromOne: number;
	/** Milliseconds that a refusal of a first message is doubted: anybody can have sent it. */
	readonly refusalPatience: number;
	/** Associations of IKE altogether. */
	readonly maxAssociations: number;
	/** Children below one association of IKE. */
	readonly maxChildren: number;
	/** Exchanges of ours that wait below one association. */
	readonly maxTasks: number;
	/** Milliseconds that a closed association still answers the peer's last request again. */
	readonly lingerTime: number;
	/** Milliseconds until something that failed is tried again. */
	readonly retryDelay: number;
}

/** Good for use; tests change single values. */
export const defaultSettings: EngineSettings = {
	ports: { ike: 500, nat: 4_500 },
	// B14: five repetitions, about a minute.
	retransmit: { first: 1_000, longest: 20_000, times: 5 },
	// What fits into the smallest MTU of IPv6 behind its headers, UDP's and the marker of port 4500.
	maxDatagramOctets: 1_228,
	halfOpenLifetime: 30_000,
	cookieThreshold: 64,
	maxHalfOpen: 1_024,
	maxHalfOpenFromOne: 64,
	refusalPatience: 500,
	maxAssociations: 16_384,
	maxChildren: 64,
	maxTasks: 128,
	lingerTime: 30_000,
	retryDelay: 10_000,
};
