/** The bars: what the gateway must reach beside its peers, and the judgement of measured medians. */
import type { FigureKey, Medians } from "./figures.ts";
import type { SubjectName } from "./options.ts";

/** At most `factor` times the peer's median, or at most `limit`. */
export interface Bar {
	readonly figure: FigureKey;
	readonly subject: SubjectName;
	readonly atMost: { readonly factor: number; readonly peer: SubjectName } | { readonly limit: number };
}

export interface Judgement {
	readonly bar: Bar;
	readonly verdict: "met" | "missed" | "not measured";
	/** What the subject reached, and the most it may reach. */
	readonly reached: number | undefined;
	readonly allowed: number | undefined;
}

export const bars: readonly Bar[] = [
	{ figure: "connections", subject: "sallyport", atMost: { factor: 0.5, peer: "squid" } },
	{ figure: "connections", subject: "sallyport", atMost: { factor: 0.25, peer: "mitmproxy" } },
	{ figure: "connections-resuming", subject: "sallyport", atMost: { factor: 0.5, peer: "squid" } },
	{ figure: "connections-resuming", subject: "sallyport", atMost: { factor: 0.25, peer: "mitmproxy" } },
	{ figure: "download", subject: "sallyport-opaque", atMost: { factor: 1.5, peer: "haproxy" } },
	{ figure: "download", subject: "sallyport", atMost: { factor: 0.7, peer: "squid" } },
	{ figure: "keep-alive", subject: "sallyport", atMost: { factor: 0.3, peer: "mitmproxy" } },
	{ figure: "idle", subject: "sallyport", atMost: { limit: 128 } },
];

/** Of a tunnel's figures: as a part of strongSwan's, or by itself. */
export type IpsecBar = { readonly key: string } & ({ readonly atLeast: number } | { readonly atMost: number });

export const ipsecBars: readonly IpsecBar[] = [
	{ key: "gcm-throughput", atLeast: 2 },
	{ key: "gcm-sending", atMost: 0.5 },
	{ key: "gcm-receiving", atMost: 0.5 },
	{ key: "sha1-throughput", atLeast: 1.2 },
	{ key: "sha256-throughput", atLeast: 1.2 },
	{ key: "handshake-group14", atMost: 1.5 },
	{ key: "handshake-group19", atMost: 1.5 },
	/** KiB. */
	{ key: "tunnel-memory", atMost: 64 },
];

/** Compares medians with the bars. */
export function judge(medians: Medians): Judgement[] {
	return bars.map((bar) => {
		const reached = medians[bar.figure]?.[bar.subject];
		const { atMost } = bar;
		const peer = "peer" in atMost ? medians[bar.figure]?.[atMost.peer] : 1;
		const allowed = peer === undefined ? undefined : peer * ("peer" in atMost ? atMost.factor : atMost.limit);
		if (reached === undefined || allowed === undefined) return { bar, verdict: "not measured", reached, allowed };
		return { bar, verdict: reached <= allowed ? "met" : "missed", reached, allowed };
	});
}

/** `<= 0.5 x squid` or `<= 128`. */
export function formatBar({ atMost }: Bar): string {
	return "peer" in atMost ? `<= ${atMost.factor} x ${atMost.peer}` : `<= ${atMost.limit}`;
}
