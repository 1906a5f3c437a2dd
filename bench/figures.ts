/** The figures: what each one says, its unit, and the order in which they are shown. */
import type { FigureName } from "./options.ts";

export type FigureKey =
	| "connections"
	| "connections-resuming"
	| "resumed"
	| "download"
	| "keep-alive"
	| "idle"
	| "latency-new-p50"
	| "latency-new-p99"
	| "latency-keep-alive-p50"
	| "latency-keep-alive-p99";

export interface Figure {
	readonly key: FigureKey;
	/** Which choice of `--figures` measures it. */
	readonly group: FigureName;
	readonly title: string;
	readonly digits: number;
}

/** Medians by figure, then by subject. */
export type Medians = { readonly [K in FigureKey]?: Readonly<Record<string, number>> };

export const figures: readonly Figure[] = [
	{
		key: "connections",
		group: "connections",
		title: "CPU s per 1,000 new connections, 1 KB each (origin never resumes)",
		digits: 2,
	},
	{
		key: "connections-resuming",
		group: "connections",
		title: "CPU s per 1,000 new connections, 1 KB each (origin resumes sessions)",
		digits: 2,
	},
	{
		key: "resumed",
		group: "connections",
		title: "... of these 1,000, server legs that were resumed",
		digits: 0,
	},
	{ key: "download", group: "download", title: "CPU s per GiB downloaded, re-encrypted", digits: 2 },
	{ key: "keep-alive", group: "keepalive", title: "CPU s per 10,000 keep-alive requests of 1 KB", digits: 2 },
	{ key: "idle", group: "idle", title: "KiB of memory per idle connection", digits: 1 },
	{ key: "latency-new-p50", group: "latency", title: "ms to first octet added, new connection, p50", digits: 2 },
	{ key: "latency-new-p99", group: "latency", title: "ms to first octet added, new connection, p99", digits: 2 },
	{
		key: "latency-keep-alive-p50",
		group: "latency",
		title: "ms to first octet added, keep-alive request, p50",
		digits: 3,
	},
	{
		key: "latency-keep-alive-p99",
		group: "latency",
		title: "ms to first octet added, keep-alive request, p99",
		digits: 3,
	},
];
