/** The inspection service that looks for named patterns. */
import { Remembered } from "#base/remembered.ts";
import { PatternMatcher, type PatternStream } from "#inspect/pattern-match.ts";
import {
	type InspectionService,
	type Place,
	places,
	type ServiceConnection,
	type ServiceFinding,
} from "#inspect/service.ts";

/** Where a pattern may be looked for; `stream` is both directions of a protocol that is not HTTP. */
export const patternPlaces = [
	"url",
	"request-headers",
	"request-body",
	"response-headers",
	"response-body",
	"stream",
] as const;
export type PatternPlace = (typeof patternPlaces)[number];

export interface PatternRule {
	readonly name: string;
	readonly octets: Uint8Array;
	readonly ignoresCase: boolean;
	readonly places: readonly PatternPlace[];
	readonly verdict: "block" | "report";
}

/**
 * Compiles patterns into a service, once for the same row of rules. The patterns are one search, whatever their number.
 *
 * Bounds: a connection keeps less than the longest pattern per place that it used.
 */
export function patternService(rules: readonly PatternRule[]): InspectionService {
	return services.of(rules, [], () => compile(rules));
}

function compile(rules: readonly PatternRule[]): InspectionService {
	const matcher = new PatternMatcher(rules.map(({ octets, ignoresCase }) => ({ octets, ignoresCase })));
	const wanted = new Map<Place, ReadonlySet<number>>();
	for (const place of places) {
		const indices = rules.flatMap((rule, index) => (rule.places.includes(patternPlaceOf(place)) ? [index] : []));
		if (indices.length > 0) wanted.set(place, new Set(indices));
	}
	const whole = matcher.start();
	return { name: "pattern", open: () => new PatternConnection(rules, matcher, wanted, whole) };
}

class PatternConnection implements ServiceConnection {
	readonly #rules: readonly PatternRule[];
	readonly #matcher: PatternMatcher;
	readonly #wanted: ReadonlyMap<Place, ReadonlySet<number>>;
	/** For places whose units come in one piece; all connections share it. */
	readonly #whole: PatternStream;
	readonly #streams = new Map<Place, PatternStream>();
	/** What the scan at hand looks for, and what it found. */
	#indices: ReadonlySet<number> = nothing;
	#reported: Set<number> | undefined;
	#found = -1;
	readonly #onMatch = (index: number): boolean => {
		if (!this.#indices.has(index)) return false;
		if (this.#rules[index]?.verdict === "report") {
			if (this.#reported?.has(index)) return false;
			this.#reported ??= new Set();
			this.#reported.add(index);
			// A later pattern of the same chunk that blocks must win over one that is only reported.
			if (this.#found === -1) this.#found = index;
			return false;
		}
		this.#found = index;
		return true;
	};

	constructor(
		rules: readonly PatternRule[],
		matcher: PatternMatcher,
		wanted: ReadonlyMap<Place, ReadonlySet<number>>,
		whole: PatternStream,
	) {
		this.#whole = whole;
		this.#rules = rules;
		this.#matcher = matcher;
		this.#wanted = wanted;
	}

	octets(place: Place, octets: Uint8Array): ServiceFinding | undefined {
		const indices = this.#wanted.get(place);
		if (indices === undefined) return undefined;
		const stream = this.#streamOf(place);
		this.#indices = indices;
		this.#found = -1;
		this.#matcher.scan(stream, octets, 0, octets.length, this.#onMatch);
		const rule = this.#rules[this.#found];
		return rule === undefined ? undefined : { name: rule.name, place, verdict: rule.verdict };
	}

	#streamOf(place: Place): PatternStream {
		if (wholePlaces.has(place)) {
			this.#matcher.restart(this.#whole);
			return this.#whole;
		}
		let stream = this.#streams.get(place);
		if (stream === undefined) {
			stream = this.#matcher.start();
			this.#streams.set(place, stream);
		}
		return stream;
	}

	ended(place: Place): undefined {
		const stream = this.#streams.get(place);
		if (stream !== undefined) this.#matcher.restart(stream);
		this.#reported = undefined;
	}
}

function patternPlaceOf(place: Place): PatternPlace {
	return place === "stream-to-server" || place === "stream-to-client" ? "stream" : place;
}

/** Heads and targets are complete when they are looked at. */
const wholePlaces: ReadonlySet<Place> = new Set(["url", "request-headers", "response-headers"]);
const nothing: ReadonlySet<number> = new Set();
const services = new Remembered<readonly PatternRule[], InspectionService>();
