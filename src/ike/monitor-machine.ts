/**
 * VPN monitor of one tunnel (B52): an echo request through it at each interval. After `threshold` without an answer the tunnel
 * is down, and is negotiated anew; the first answer brings it up again.
 *
 * Deterministic. Units: milliseconds. Bounds: constant memory.
 */

/** What the statements say. */
export interface MonitorSettings {
	readonly interval: number;
	/** Requests without an answer, one after the other. */
	readonly threshold: number;
	/** What arrives through the tunnel counts as an answer, and no request is sent meanwhile. */
	readonly isOptimized: boolean;
}

export type MonitorEvent =
	/** There is a pair of associations. */
	| { readonly type: "tunnel-established" }
	/** There is none any more. */
	| { readonly type: "tunnel-removed" }
	| { readonly type: "traffic-received" }
	| { readonly type: "echo-answered"; readonly sequence: number }
	| { readonly type: "time-passed" };

export type MonitorEffect =
	| { readonly type: "send-echo"; readonly sequence: number }
	/** The state is another one: it is told, and routes follow. */
	| { readonly type: "change-state"; readonly isUp: boolean }
	/** Make the tunnel anew. */
	| { readonly type: "renew-tunnel" }
	/** There is none, and no traffic would ask for it: negotiate. */
	| { readonly type: "want-tunnel" };

export interface MonitorState {
	readonly isUp: boolean;
	readonly hasTunnel: boolean;
	/** Requests without an answer since the last one. */
	readonly failed: number;
	/** The request that is waited for. */
	readonly awaited: number | undefined;
	readonly sequence: number;
	readonly hasReceived: boolean;
	/** When there is something to do; infinity when there is not. */
	readonly nextAt: number;
}

/** A tunnel counts as up until it is known better. */
export const newMonitor: MonitorState = {
	isUp: true,
	hasTunnel: false,
	failed: 0,
	awaited: undefined,
	sequence: 0,
	hasReceived: false,
	nextAt: Number.POSITIVE_INFINITY,
};

export function stepMonitor(
	state: MonitorState,
	event: MonitorEvent,
	settings: MonitorSettings,
	now: number,
): { readonly next: MonitorState; readonly effects: readonly MonitorEffect[] } {
	switch (event.type) {
		case "tunnel-established":
			return state.hasTunnel ? same(state) : same({ ...state, ...fresh, hasTunnel: true, nextAt: now });
		case "tunnel-removed": {
			const nextAt = state.isUp ? Number.POSITIVE_INFINITY : now + settings.interval;
			return same({ ...state, ...fresh, hasTunnel: false, nextAt });
		}
		case "traffic-received":
			return settings.isOptimized ? onSign({ ...state, hasReceived: true }) : same(state);
		case "echo-answered":
			return event.sequence === state.awaited ? onSign({ ...state, awaited: undefined }) : same(state);
		case "time-passed":
			return now < state.nextAt ? same(state) : onInterval(state, settings, now);
	}
}

/** A sign of life. */
function onSign(state: MonitorState) {
	if (!state.hasTunnel) return same(state);
	const effects = state.isUp ? [] : [{ type: "change-state", isUp: true } as const];
	return { next: { ...state, failed: 0, isUp: true }, effects };
}

function onInterval(state: MonitorState, settings: MonitorSettings, now: number) {
	const nextAt = now + settings.interval;
	if (!state.hasTunnel) {
		const wanted: readonly MonitorEffect[] = state.isUp ? [] : [{ type: "want-tunnel" }];
		return { next: { ...state, nextAt: state.isUp ? Number.POSITIVE_INFINITY : nextAt }, effects: wanted };
	}
	if (state.hasReceived) return same({ ...state, hasReceived: false, awaited: undefined, failed: 0, nextAt });
	const failed = state.failed + (state.awaited === undefined ? 0 : 1);
	const sequence = (state.sequence + 1) & 0xffff;
	const effects: MonitorEffect[] = [{ type: "send-echo", sequence }];
	const isLost = failed >= settings.threshold;
	if (isLost && state.isUp) effects.push({ type: "change-state", isUp: false });
	if (isLost) effects.push({ type: "renew-tunnel" });
	const isUp = state.isUp && !isLost;
	return { next: { ...state, isUp, failed: isLost ? 0 : failed, awaited: sequence, sequence, nextAt }, effects };
}

function same(next: MonitorState): { readonly next: MonitorState; readonly effects: readonly MonitorEffect[] } {
	return { next, effects: [] };
}

const fresh = { failed: 0, awaited: undefined, hasReceived: false };
