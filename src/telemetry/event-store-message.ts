/** What the owner of the event store and its worker thread say to each other. */

import type { StoredRow } from "#telemetry/session-row.ts";

/** Given to the worker at its start. */
export interface StoreSettings {
	readonly file: string;
	readonly retentionDays: number;
	readonly maxSizeMib: number;
	readonly timing: StoreTiming;
}

/** Times of the store in milliseconds. */
export interface StoreTiming {
	/** How long a record waits for others at most: what a killed process loses. */
	readonly flushMs: number;
	/** From a failed write to the next attempt; doubles up to `longestRetryMs`. */
	readonly retryMs: number;
	readonly longestRetryMs: number;
	/** From the start to the first look for what is too old or too much, and between the looks after it. */
	readonly firstRetentionMs: number;
	readonly retentionMs: number;
	/** Between two reports of what retention removed. */
	readonly retentionReportMs: number;
	/** How long closing waits for what is queued. */
	readonly closeMs: number;
}

/** To the worker. At most one batch is on its way; its answer comes before the next. */
export type StoreRequest =
	| { readonly kind: "append"; readonly token: string; readonly rows: readonly StoredRow[] }
	| { readonly kind: "close" };

/** From the worker. */
export type StoreReply =
	| {
			readonly kind: "written";
			readonly token: string;
			/** How many of the batch were stored; the others were refused as malformed. */
			readonly sessions: number;
			readonly events: number;
			readonly usedOctets: number;
	  }
	| { readonly kind: "failed"; readonly token: string; readonly isFull: boolean; readonly reason: string }
	| { readonly kind: "moved-aside"; readonly to: string; readonly reason: string }
	| { readonly kind: "disappeared" }
	| { readonly kind: "retained"; readonly sessions: number; readonly events: number; readonly reason: string }
	| { readonly kind: "closed" };
