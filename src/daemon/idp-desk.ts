/**
 * What intrusion detection tells, of all workers: a table of the attacks that were found, an event for each that is to be
 * logged, and lines in the form of EVE in a file beside the log.
 *
 * Bounds: `maxAttacks` rows of the table, the one seen longest ago goes; files as `LineFile` has them.
 */
import type { LineFile } from "#daemon/line-file.ts";
import type { AttackCount, AttackReport, ToldAttacks } from "#daemon/worker-attacks.ts";
import { type AttackSeverity, attackSeverities } from "#inspect/attack-severity.ts";
import type { CounterSnapshot } from "#telemetry/counters.ts";
import type { CounterId, GatewayEvent } from "#telemetry/event-table.ts";
import { gatewayEvent } from "#telemetry/event-table.ts";

/** A row of the table. */
export interface FoundAttack {
	readonly gid: number;
	readonly sid: number;
	readonly message: string;
	readonly severity: AttackSeverity;
	readonly hits: number;
	readonly blocked: number;
	/** Milliseconds since 1970. */
	readonly firstAt: number;
	readonly lastAt: number;
}

export type RulesState =
	| { readonly kind: "loaded"; readonly rules: number; readonly disabled: number }
	| { readonly kind: "unreadable"; readonly reason: string };

export interface IdpDeskPorts {
	readonly event: (event: GatewayEvent) => void;
	readonly count: (counter: CounterId, by: number) => void;
	readonly lines: Pick<LineFile, "append">;
	readonly now: () => number;
}

export class IdpDesk {
	readonly #ports: IdpDeskPorts;
	readonly #attacks = new Map<string, FoundAttack>();
	/** When the table was begun. */
	since: number;
	/** The counters when they were last cleared. */
	cleared: { readonly at: number; readonly counters: CounterSnapshot } | undefined;
	/** How the rules were read last; undefined before any worker has. */
	rules: RulesState | undefined;

	constructor(ports: IdpDeskPorts) {
		this.#ports = ports;
		this.since = ports.now();
	}

	/** What a worker has found. One that was taken over may say anything. */
	noted({ counts, reports, lost }: ToldAttacks): void {
		for (const count of counts) if (isCount(count)) this.#count(count);
		const lines: string[] = [];
		for (const report of reports) {
			if (!isReport(report)) continue;
			this.#tell(report);
			if (report.line.length <= maxLine && !/[\r\n]/.test(report.line)) lines.push(report.line);
		}
		if (lines.length > 0) this.#ports.lines.append(lines);
		if (!Number.isSafeInteger(lost) || lost <= 0) return;
		const reason = "more attacks than security idp sensor-configuration log cache-size has room for";
		this.#ports.event(gatewayEvent("RECORDS_DROPPED", this.#ports.now(), { count: lost, reason }));
	}

	/** Takes from events what `status` tells. */
	seen(event: GatewayEvent): void {
		if (event.id === "IDP_RULES_LOADED") {
			const { rules, disabled } = (event as GatewayEvent<"IDP_RULES_LOADED">).fields;
			this.rules = { kind: "loaded", rules, disabled };
		} else if (event.id === "IDP_RULES_UNREADABLE") {
			this.rules = { kind: "unreadable", reason: (event as GatewayEvent<"IDP_RULES_UNREADABLE">).fields.reason };
		}
	}

	/** Those that were found, most often first. */
	attacks(): readonly FoundAttack[] {
		return [...this.#attacks.values()].sort((a, b) => b.hits - a.hits || a.sid - b.sid);
	}

	/** Empties the table; answers how many rows it had. */
	clear(): number {
		const { size } = this.#attacks;
		this.#attacks.clear();
		this.since = this.#ports.now();
		return size;
	}

	#count({ gid, sid, message, severity, hits, blocked }: AttackCount): void {
		const now = this.#ports.now();
		const key = `${gid}:${sid}`;
		const before = this.#attacks.get(key);
		this.#attacks.delete(key);
		this.#attacks.set(key, {
			gid,
			sid,
			message: message.slice(0, maxText),
			severity,
			hits: (before?.hits ?? 0) + hits,
			blocked: (before?.blocked ?? 0) + blocked,
			firstAt: before?.firstAt ?? now,
			lastAt: now,
		});
		for (const oldest of this.#attacks.keys()) {
			if (this.#attacks.size <= maxAttacks) break;
			this.#attacks.delete(oldest);
		}
		this.#ports.count("attacks_found", hits);
		this.#ports.count("attacks_blocked", blocked);
	}

	#tell({ isAlert, line: _, ...report }: AttackReport): void {
		const id = isAlert === true ? "IDP_ATTACK_ALERT" : "IDP_ATTACK";
		const texts = Object.entries(report).map(([name, value]) => [
			name,
			typeof value === "string" ? value.slice(0, maxText) : value,
		]);
		this.#ports.event(gatewayEvent(id, this.#ports.now(), Object.fromEntries(texts)));
		this.#ports.count("attacks_logged", 1);
		this.#ports.count("attacks_put_together", report.count - 1);
	}
}

function isCount({ gid, sid, message, severity, hits, blocked }: AttackCount): boolean {
	const numbers = [gid, sid, hits, blocked];
	if (!numbers.every((value) => Number.isSafeInteger(value) && value >= 0 && value <= maxCount)) return false;
	return typeof message === "string" && Object.hasOwn(attackSeverities, severity);
}

function isReport({ port, count, isAlert: _, ...texts }: AttackReport): boolean {
	if (!Number.isSafeInteger(port) || !Number.isSafeInteger(count) || count < 1 || count > maxCount) return false;
	return reportTexts.every((name) => typeof texts[name] === "string");
}

const reportTexts = [
	"session",
	"client",
	"server",
	"policy",
	"rule",
	"attack",
	"severity",
	"action",
	"line",
] as const satisfies readonly (keyof AttackReport)[];
const maxAttacks = 10_000;
const maxText = 1_024;
/** A request's target and headers stand in it. */
const maxLine = 262_144;
const maxCount = 4_294_967_295;
