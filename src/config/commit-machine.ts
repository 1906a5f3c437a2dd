/**
 * One commit at a time: read the facts, verify, plan, apply step by step, store, answer. A step that fails undoes those
 * before it, in reverse; so does a store that fails. What is stored is what is in force, before and after.
 *
 * A commit may have to be confirmed: until then its deadline is part of what is stored, and when it passes the machine
 * commits the earlier configuration by itself. A commit for later is kept the same way.
 *
 * Bounds: one commit at a time, one pending confirmation, one scheduled commit.
 */
import {
	type CommitRecord,
	type CommitRequest,
	defaultConfirmMinutes,
	minutesText,
	type ScheduledCommit,
	utc,
} from "#config/commit.ts";
import {
	type AnyCapability,
	type CommitStep,
	type Facts,
	planCommit,
	refusedLines,
	type Verified,
	verifyCommit,
} from "#config/commit-plan.ts";
import type {
	ActiveConfiguration,
	ApplyingWork,
	CommitBase,
	CommitEffect,
	CommitEvent,
	CommitMachineStep,
	CommitState,
	CommitWork,
	Fallback,
} from "#config/commit-state.ts";
import type { EditorId } from "#config/editor.ts";
import { formatFinding } from "#config/finding.ts";
import { equalSlots } from "#config/tree.ts";

/** The state at start-up: what the store holds. Send `started` to bring it into force. */
export function initialCommitState(
	base: Omit<CommitBase, "active"> & Pick<ActiveConfiguration, "tree" | "record">,
): CommitState {
	const { root, capabilities, tree, record, fallback, scheduled } = base;
	return { tag: "idle", root, capabilities, active: { tree, snapshot: undefined, record }, fallback, scheduled };
}

/** When the machine wants `time-passed`, in milliseconds since 1970. */
export function commitDeadline(state: CommitState): number | undefined {
	if (state.tag !== "idle") return undefined;
	const times = [state.fallback?.by, state.scheduled?.commit.at].filter((time) => time !== undefined);
	return times.length === 0 ? undefined : Math.min(...times);
}

/** The line above the banner while a commit waits to be confirmed. */
export function pendingLine(state: CommitState, now: number): string | undefined {
	if (state.fallback === undefined) return undefined;
	return `# commit confirmed will be rolled back in ${minutesText(Math.max(0, Math.ceil((state.fallback.by - now) / 60_000)))}`;
}

/** Takes one event. `now` in milliseconds since 1970. */
export function stepCommit(state: CommitState, event: CommitEvent, now: number): CommitMachineStep {
	switch (event.type) {
		case "started":
			return begin(state, { request: startRequest(state), isRollback: true, now });
		case "commit-requested":
			return state.tag === "idle"
				? begin(state, { request: event.request, isRollback: false, now })
				: busy(state, event.request.editor);
		case "schedule-cleared":
			return clearSchedule(state, event.editor);
		case "time-passed":
			return timePassed(state, now);
		case "facts-read":
			return state.tag === "await-facts" ? verified(state, event.facts) : unexpected(state, event);
		case "step-done":
			if (state.tag === "await-apply") return applied(state, now);
			return state.tag === "await-undo" ? undone(state) : unexpected(state, event);
		case "step-failed":
			if (state.tag === "await-apply")
				return failed(state, state.at, `${state.work.steps[state.at]?.says ?? ""}: ${event.message}`);
			return state.tag === "await-undo" ? undone(state, event.message) : unexpected(state, event);
		case "stored":
			if (state.tag === "await-store") return done(state);
			return state.tag === "await-note" ? noted(state, true) : unexpected(state, event);
		case "store-failed":
			if (state.tag === "await-store")
				return failed(state, state.work.steps.length, `it cannot be stored: ${event.message}`);
			return state.tag === "await-note" ? noted(state, false, event.message) : unexpected(state, event);
	}
}

function begin(state: CommitState, work: CommitWork): CommitMachineStep {
	return {
		next: { ...baseOf(state), tag: "await-facts", work },
		effects: [{ type: "read-facts", tree: work.request.tree }],
	};
}

function verified(state: Extract<CommitState, { tag: "await-facts" }>, facts: Facts): CommitMachineStep {
	const { work, root, capabilities, active } = state;
	const { request } = work;
	const result = verifyCommit(root, capabilities, request.tree, facts);
	const reports: CommitEffect[] = [];
	let { snapshot } = result;
	if (snapshot === undefined) {
		// What was in force a moment ago must come back, even if a check would refuse it now. A start is no such case.
		if (work.isRollback && active.snapshot !== undefined)
			snapshot = verifyCommit(root, [], request.tree, facts).snapshot;
		if (snapshot === undefined) return refused(state, refusedLines(result.errors, result.warnings));
		reports.push({ type: "report", severity: "error", text: refusedLines(result.errors, []).join("\n") });
	}
	if (request.isCheck === true) return checked(state, result);
	if (request.at !== undefined && request.at > work.now) return scheduled(state, request.at, result);
	const before = request.isFull === true ? undefined : active.snapshot;
	const steps = planned(capabilities, before, snapshot);
	if (typeof steps === "string") return refused(state, [`error: commit failed: ${steps}`]);
	const applying: ApplyingWork = { ...work, verified: { ...result, snapshot }, steps };
	const step = applyFrom({ ...baseOf(state), tag: "await-apply", work: applying, at: 0 }, work.now);
	return { next: step.next, effects: [...reports, ...step.effects] };
}

function planned(
	capabilities: readonly AnyCapability[],
	before: unknown,
	after: unknown,
): readonly CommitStep[] | string {
	try {
		return planCommit(capabilities, before, after);
	} catch (cause) {
		return `no plan could be made: ${cause instanceof Error ? cause.message : String(cause)}`;
	}
}

/** `commit check` confirms a commit that waits for it. */
function checked(state: Extract<CommitState, { tag: "await-facts" }>, { warnings }: Verified): CommitMachineStep {
	const lines = [...warnings.map(formatFinding), "configuration check succeeds"];
	if (state.fallback === undefined) return answer(idle(baseOf(state)), state.work.request, true, lines);
	return confirm(state, state.work, lines);
}

function confirm(state: CommitState, work: CommitWork, answerLines: readonly string[]): CommitMachineStep {
	const { confirm: _, ...record } = state.active.record;
	const effects: CommitEffect[] = [{ type: "store-record", record }];
	const base = { ...baseOf(state), active: { ...state.active, record } };
	return { next: { ...base, tag: "await-note", work, answer: answerLines }, effects };
}

function scheduled(
	state: Extract<CommitState, { tag: "await-facts" }>,
	at: number,
	{ warnings }: Verified,
): CommitMachineStep {
	const { user, via, comment, tree } = state.work.request;
	const commit: ScheduledCommit = { at, user, via, ...(comment === undefined ? {} : { comment }) };
	const answerLines = [
		...warnings.map(formatFinding),
		"configuration check succeeds",
		`commit at will be executed at ${utc(at)}`,
	];
	return {
		next: { ...baseOf(state), scheduled: { commit, tree }, tag: "await-note", work: state.work, answer: answerLines },
		effects: [{ type: "store-schedule", commit, tree }],
	};
}

function applyFrom(state: Extract<CommitState, { tag: "await-apply" }>, now: number): CommitMachineStep {
	const step = state.work.steps[state.at];
	if (step === undefined) return store(state, now);
	const { capability, apply, says } = step;
	return { next: state, effects: [{ type: "perform", capability, effect: apply, says }] };
}

function applied(state: Extract<CommitState, { tag: "await-apply" }>, now: number): CommitMachineStep {
	return applyFrom({ ...state, at: state.at + 1 }, now);
}

function store(state: Extract<CommitState, { tag: "await-apply" }>, now: number): CommitMachineStep {
	const { work, active, fallback } = state;
	const { request } = work;
	const isSame = equalSlots(request.tree, active.tree);
	// At start-up, and when a commit only confirms, what is stored stays as it is.
	if (active.snapshot === undefined && isSame) return done({ ...state, tag: "await-store", record: active.record });
	if (isSame && fallback !== undefined && request.confirmMinutes === undefined && !work.isRollback)
		return confirmed(state);
	const record = recordOf(state, request, now);
	return { next: { ...state, tag: "await-store", record }, effects: [{ type: "store", tree: request.tree, record }] };
}

function confirmed(state: Extract<CommitState, { tag: "await-apply" }>): CommitMachineStep {
	return confirm(state, state.work, [...state.work.verified.warnings.map(formatFinding), "commit complete"]);
}

function recordOf(state: CommitState, request: CommitRequest, now: number): CommitRecord {
	const { user, via, comment, confirmMinutes } = request;
	const record = {
		serial: state.active.record.serial + 1,
		time: now,
		user,
		via,
		...(comment === undefined ? {} : { comment }),
	};
	if (confirmMinutes === undefined) return record;
	const fallback = state.fallback?.serial ?? state.active.record.serial;
	return { ...record, confirm: { by: now + confirmMinutes * 60_000, fallback } };
}

function done(state: Extract<CommitState, { tag: "await-store" }>): CommitMachineStep {
	const { work, record } = state;
	const { request, verified: result } = work;
	const { confirm: waiting } = record;
	const isStart = record === state.active.record;
	const earlier: Fallback | undefined = state.fallback ?? {
		tree: state.active.tree,
		serial: state.active.record.serial,
		by: 0,
	};
	const fallback = isStart ? state.fallback : waiting === undefined ? undefined : { ...earlier, by: waiting.by };
	const active: ActiveConfiguration = { tree: request.tree, snapshot: result.snapshot, record };
	const base: CommitBase = { ...baseOf(state), active, fallback };
	const effects: CommitEffect[] = [
		{ type: "activated", tree: request.tree, snapshot: result.snapshot, record, editor: request.editor },
	];
	if (work.isRollback && !isStart)
		effects.push({ type: "broadcast", text: "Commit was not confirmed; automatic rollback complete." });
	const lines = isStart ? ["the stored configuration is in force"] : completeLines(work, waiting !== undefined);
	const step = answer(idle(base), request, true, lines);
	return { next: step.next, effects: [...effects, ...step.effects] };
}

function completeLines({ request, verified: { warnings }, steps }: ApplyingWork, isWaiting: boolean): string[] {
	const lines = warnings.map(formatFinding);
	if (request.isDetailed === true) lines.push(...steps.map(({ capability, says }) => `${capability}: ${says}`));
	const minutes = minutesText(request.confirmMinutes ?? defaultConfirmMinutes);
	if (isWaiting) lines.push(`commit confirmed will be automatically rolled back in ${minutes} unless confirmed`);
	return [...lines, "commit complete"];
}

/** Undoes the steps before `at`, the last one first. */
function failed(
	state: Extract<CommitState, { tag: "await-apply" | "await-store" }>,
	at: number,
	reason: string,
): CommitMachineStep {
	return undoBefore({ ...baseOf(state), tag: "await-undo", work: state.work, at, reason });
}

function undone(state: Extract<CommitState, { tag: "await-undo" }>, problem?: string): CommitMachineStep {
	const step = undoBefore(state);
	if (problem === undefined) return step;
	const text = `undo of "${state.work.steps[state.at]?.says ?? ""}" failed: ${problem}`;
	return { next: step.next, effects: [{ type: "report", severity: "error", text }, ...step.effects] };
}

function undoBefore(state: Extract<CommitState, { tag: "await-undo" }>): CommitMachineStep {
	const step = state.work.steps[state.at - 1];
	if (step !== undefined) {
		const { capability, undo, says } = step;
		return {
			next: { ...state, at: state.at - 1 },
			effects: [{ type: "perform", capability, effect: undo, says: `undo: ${says}` }],
		};
	}
	const text = `error: commit failed: ${state.reason}; everything was put back`;
	return refused(state, [text]);
}

/** The commit is over and nothing changed. A rollback by itself is tried again. */
function refused(state: Exclude<CommitState, { tag: "idle" }>, lines: readonly string[]): CommitMachineStep {
	const { work } = state;
	let base = baseOf(state);
	const effects: CommitEffect[] = [];
	if (work.isRollback && base.fallback !== undefined) {
		// At start-up a commit that nobody confirmed and that cannot come into force goes back at once.
		if (base.active.snapshot === undefined && work.request.tree !== base.fallback.tree) {
			effects.push({ type: "report", severity: "error", text: lines.join("\n") });
			const again = begin(idle(base), { request: rollbackRequest(base.fallback), isRollback: true, now: work.now });
			return { next: again.next, effects: [...effects, ...again.effects] };
		}
		base = { ...base, fallback: { ...base.fallback, by: work.now + retryMilliseconds } };
	}
	const step = answer(idle(base), work.request, false, lines);
	return { next: step.next, effects: [...effects, ...step.effects] };
}

/** What was only noted in the store (a confirmation, a schedule) is there, or not. */
function noted(state: Extract<CommitState, { tag: "await-note" }>, isStored: boolean, problem = ""): CommitMachineStep {
	const { work, answer: lines } = state;
	const isSchedule = work.request.at !== undefined;
	const base = baseOf(state);
	if (isStored) return answer(idle(isSchedule ? base : { ...base, fallback: undefined }), work.request, true, lines);
	const reverted: CommitBase = isSchedule
		? { ...base, scheduled: undefined }
		: { ...base, active: { ...base.active, record: withDeadline(base) } };
	return answer(idle(reverted), work.request, false, [`error: commit failed: it cannot be stored: ${problem}`]);
}

function withDeadline({ active, fallback }: CommitBase): CommitRecord {
	return fallback === undefined
		? active.record
		: { ...active.record, confirm: { by: fallback.by, fallback: fallback.serial } };
}

function timePassed(state: CommitState, now: number): CommitMachineStep {
	if (state.tag !== "idle") return { next: state, effects: [] };
	const { fallback, scheduled: later } = state;
	if (fallback !== undefined && fallback.by <= now) {
		return begin(state, { request: rollbackRequest(fallback), isRollback: true, now });
	}
	if (later === undefined || later.commit.at > now) return { next: state, effects: [] };
	const { user, via, comment } = later.commit;
	const request: CommitRequest = {
		editor: undefined,
		user,
		via,
		tree: later.tree,
		...(comment === undefined ? {} : { comment }),
	};
	const step = begin({ ...state, scheduled: undefined }, { request, isRollback: false, now });
	return { next: step.next, effects: [{ type: "clear-schedule" }, ...step.effects] };
}

function clearSchedule(state: CommitState, editor: EditorId | undefined): CommitMachineStep {
	const hasOne = state.scheduled !== undefined;
	const lines = [hasOne ? "Pending commit cleared" : "No commit scheduled."];
	const effects: CommitEffect[] = hasOne ? [{ type: "clear-schedule" }] : [];
	if (editor !== undefined) effects.push({ type: "answer", editor, ok: hasOne, lines });
	return { next: { ...state, scheduled: undefined }, effects };
}

function busy(state: CommitState, editor: EditorId | undefined): CommitMachineStep {
	const lines = ["error: another commit is in progress"];
	return { next: state, effects: editor === undefined ? [] : [{ type: "answer", editor, ok: false, lines }] };
}

/** Somebody is answered; a commit of the system's own says it in the log. */
function answer(next: CommitState, request: CommitRequest, ok: boolean, lines: readonly string[]): CommitMachineStep {
	if (request.editor !== undefined) return { next, effects: [{ type: "answer", editor: request.editor, ok, lines }] };
	return { next, effects: [{ type: "report", severity: ok ? "info" : "error", text: lines.join("\n") }] };
}

function rollbackRequest({ tree }: Fallback): CommitRequest {
	const comment = "automatic rollback: the commit was not confirmed";
	return { editor: undefined, user: "root", via: "other", tree, comment };
}

function startRequest(state: CommitState): CommitRequest {
	return { editor: undefined, user: "root", via: "other", tree: state.active.tree };
}

function idle(base: CommitBase): CommitState {
	return { ...base, tag: "idle" };
}

function baseOf({ root, capabilities, active, fallback, scheduled: later }: CommitState): CommitBase {
	return { root, capabilities, active, fallback, scheduled: later };
}

function unexpected(state: CommitState, event: CommitEvent): never {
	throw new Error(`commit machine: ${event.type} in state ${state.tag}`);
}

const retryMilliseconds = 60_000;
