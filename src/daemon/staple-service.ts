/**
 * How the OCSP responses stand that workers staple to certificates of one's own. Each worker fetches for itself; what all of
 * them see is told once.
 *
 * Bounds: `maxCertificates` certificates, the one told longest ago goes first.
 */
import { BoundedMap } from "#base/bounded.ts";
import { utc } from "#config/commit.ts";
import type { StapleFacts } from "#pki/staple-shell.ts";
import { type GatewayEvent, gatewayEvent } from "#telemetry/event-table.ts";

/** What was told last: nothing, that no response can be fetched, that one is demanded and there is none. */
type Told = 0 | 1 | 2;

export class StapleService {
	readonly #event: (event: GatewayEvent) => void;
	readonly #now: () => number;
	readonly #kept = new BoundedMap<string, { readonly facts: StapleFacts; readonly told: Told }>(maxCertificates);

	constructor(event: (event: GatewayEvent) => void, now: () => number) {
		this.#event = event;
		this.#now = now;
	}

	/** A worker tells. One that was taken over may say anything. */
	note(told: StapleFacts): void {
		const { goodUntil } = told;
		if (goodUntil !== undefined && !(Math.abs(goodUntil) < latestTime)) return;
		const problem = told.problem?.slice(0, maxText);
		const facts = { ...told, id: told.id.slice(0, maxText), sha256: told.sha256.slice(0, maxText), problem };
		const before = this.#kept.get(facts.sha256)?.told ?? 0;
		this.#kept.set(facts.sha256, { facts, told: this.#tell(facts, before) });
	}

	/** How the certificate of this fingerprint stands; undefined before any worker knows. */
	facts(sha256: string): StapleFacts | undefined {
		return this.#kept.get(sha256)?.facts;
	}

	#tell({ id: certificate, sha256, goodUntil, problem, isDemanded, isAskable }: StapleFacts, before: Told): Told {
		if (problem === undefined) {
			if (before > 0 && goodUntil !== undefined)
				this.#event(gatewayEvent("STAPLE_AVAILABLE", this.#now(), { certificate, sha256, until: goodUntil }));
			return 0;
		}
		if (isDemanded && goodUntil === undefined) {
			if (before < 2)
				this.#event(gatewayEvent("STAPLE_DEMAND_UNMET", this.#now(), { certificate, sha256, reason: problem }));
			return 2;
		}
		// A certificate that names no responder wants none.
		if (!isAskable) return 0;
		if (before < 1) {
			const meanwhile = goodUntil === undefined ? "nothing" : `the response that is good until ${utc(goodUntil)}`;
			const fields = { certificate, sha256, reason: problem, meanwhile };
			this.#event(gatewayEvent("STAPLE_UNAVAILABLE", this.#now(), fields));
		}
		return before === 2 ? 2 : 1;
	}
}

const maxCertificates = 4_096;
const maxText = 512;
/** The largest time a Date holds (ECMA-262 §21.4.1.1). */
const latestTime = 8_640_000_000_000_000;
