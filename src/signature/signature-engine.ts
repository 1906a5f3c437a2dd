/**
 * A set of signatures made ready for traffic: which pattern of each is searched for in which buffer, and which signatures a
 * pattern that was found makes candidates of.
 */
import { type BufferName, type BufferStage, bufferTable } from "#signature/buffer-table.ts";
import { DatasetStore } from "#signature/dataset-store.ts";
import { HttpBuffers } from "#signature/http-buffers.ts";
import { StepMatcher } from "#signature/match-steps.ts";
import { PackedSignatures } from "#signature/packed-signatures.ts";
import { PatternFilter } from "#signature/pattern-filter.ts";
import { SearchMemory } from "#signature/search-memory.ts";
import type { ContentStep, Inspection, Signature } from "#signature/signature.ts";
import { ThresholdTable } from "#signature/threshold-table.ts";
import { type Transform, transformKey } from "#signature/transforms.ts";
import { isUsual } from "#signature/usual-text.ts";

/** Index of the two directions. */
export const toServer = 0;
export const toClient = 1;
export type DirectionIndex = typeof toServer | typeof toClient;

/** One search: the patterns of a buffer, and for each pattern the signatures that it stands for. */
export interface Scan {
	readonly buffer: BufferName;
	readonly transforms: readonly Transform[];
	readonly filter: PatternFilter;
	readonly owners: OwnerLists;
}

/** What is searched at one stage of one direction. */
export interface StagePlan {
	readonly scans: readonly Scan[];
	/** Signatures without a pattern: they are candidates each time. */
	readonly always: readonly number[];
}

/** A search through octets that come piece by piece. `shallow`: patterns that can only stand at the beginning. */
export interface StreamPlan {
	readonly deep: Scan | undefined;
	readonly shallow: Scan | undefined;
	readonly always: readonly number[];
	/** Some signature looks into these octets. */
	readonly isKept: boolean;
}

export interface EngineFigures {
	readonly signatures: number;
	readonly patterns: number;
	/** Signatures that are compared each time, since they have no content to search for. */
	readonly unfiltered: number;
	/** Memory that is searched with, outside of the heap. */
	readonly searchOctets: number;
}

/**
 * Shared by all connections of a process. It holds scratch space: one connection at a time is inspected.
 *
 * Bounds: what the signatures take as octets, and the tables of their patterns (`writeTables`).
 */
export class SignatureEngine {
	readonly matcher: StepMatcher;
	readonly buffers = new HttpBuffers();
	readonly thresholds = new ThresholdTable();
	readonly clock: () => number;
	/** By direction. */
	readonly heads: readonly [StagePlan, StagePlan];
	readonly bodies: readonly [StreamPlan, StreamPlan];
	readonly streams: readonly [StreamPlan, StreamPlan];
	readonly handshakes: Readonly<Record<"client-hello" | "server-hello" | "certificate", StagePlan>>;
	/** By direction. */
	readonly mails: Readonly<Record<"mail" | "mail-end", readonly [StagePlan, StagePlan]>>;
	readonly figures: EngineFigures;
	/** The candidates of the search at hand, each once. */
	readonly candidates: Int32Array;
	candidateCount = 0;
	readonly #stamps: Int32Array;
	#stamp = 0;
	/** In the order in which candidates are judged: pass before drop before alert, who sets bits before who asks. */
	readonly #signatures: PackedSignatures;

	/** `clock` answers milliseconds; thresholds count by it. */
	constructor(signatures: readonly Signature[], datasets = new DatasetStore(), clock: () => number = () => 0) {
		const ranked = [...signatures].sort((a, b) => rank(a) - rank(b) || a.priority - b.priority || a.sid - b.sid);
		this.#signatures = new PackedSignatures(ranked);
		this.matcher = new StepMatcher(datasets);
		this.clock = clock;
		this.candidates = new Int32Array(signatures.length);
		this.#stamps = new Int32Array(signatures.length);
		const planner = new Planner();
		for (const [index, signature] of ranked.entries()) planner.add(index, signature);
		const directions = [toServer, toClient] as const;
		this.heads = directions.map((direction) => planner.stage("head", direction)) as [StagePlan, StagePlan];
		this.bodies = directions.map((direction) => planner.stream("body", direction)) as [StreamPlan, StreamPlan];
		this.streams = directions.map((direction) => planner.stream("stream", direction)) as [StreamPlan, StreamPlan];
		this.handshakes = {
			"client-hello": planner.stage("client-hello", toServer),
			"server-hello": planner.stage("server-hello", toClient),
			certificate: planner.stage("certificate", toClient),
		};
		const ofMail = (stage: "mail" | "mail-end") =>
			directions.map((direction) => planner.stage(stage, direction)) as [StagePlan, StagePlan];
		this.mails = { mail: ofMail("mail"), "mail-end": ofMail("mail-end") };
		const { patterns, unfiltered, searchOctets } = planner;
		this.figures = { signatures: signatures.length, patterns, unfiltered, searchOctets };
	}

	/** By its place in the order in which candidates are judged. */
	signature(index: number): Signature {
		return this.#signatures.at(index);
	}

	/** Begins a new list of candidates. */
	beginCandidates(): void {
		this.candidateCount = 0;
		if (++this.#stamp < 0x7fff_ffff) return;
		this.#stamps.fill(0);
		this.#stamp = 1;
	}

	addCandidate(signature: number): void {
		if (this.#stamps[signature] === this.#stamp) return;
		this.#stamps[signature] = this.#stamp;
		this.candidates[this.candidateCount++] = signature;
	}

	/** Adds the signatures of the patterns that the scan's filter has just found. */
	addHits({ filter, owners }: Scan): void {
		for (let at = 0; at < filter.hitCount; at++) {
			const pattern = filter.hit(at);
			for (let each = owners.start(pattern); each < owners.start(pattern + 1); each++)
				this.addCandidate(owners.signature(each));
		}
	}
}

/** The signatures of each pattern, one list behind the other. */
export class OwnerLists {
	readonly #starts: Int32Array;
	readonly #signatures: Int32Array;

	constructor(lists: readonly (readonly number[])[]) {
		this.#signatures = Int32Array.from(lists.flat());
		this.#starts = new Int32Array(lists.length + 1);
		for (const [pattern, { length }] of lists.entries())
			this.#starts[pattern + 1] = (this.#starts[pattern] as number) + length;
	}

	/** Where the signatures of a pattern begin; those before it end there. */
	start(pattern: number): number {
		return this.#starts[pattern] as number;
	}

	signature(at: number): number {
		return this.#signatures[at] as number;
	}

	/** As lists, for looking at. */
	lists(): number[][] {
		return Array.from({ length: this.#starts.length - 1 }, (_, pattern) => [
			...this.#signatures.subarray(this.start(pattern), this.start(pattern + 1)),
		]);
	}
}

/** Patterns by place while the plans are made. */
class Planner {
	readonly #places = new Map<string, Place>();
	readonly #always = new Map<string, number[]>();
	readonly #kept = new Set<string>();
	readonly #memory = new SearchMemory();
	patterns = 0;
	unfiltered = 0;

	get searchOctets(): number {
		return this.#memory.octets.length;
	}

	add(index: number, signature: Signature): void {
		const chosen = chooseFilter(signature);
		const directions =
			signature.direction === "both"
				? [toServer, toClient]
				: [signature.direction === "to-server" ? toServer : toClient];
		for (const { buffer } of signature.inspections)
			for (const direction of directions) this.#kept.add(`${bufferTable[buffer].stage} ${direction}`);
		if (chosen === undefined) {
			this.unfiltered++;
			for (const direction of directions) listOf(this.#always, `${signature.stage} ${direction}`).push(index);
			return;
		}
		const { inspection, content, depth } = chosen;
		for (const direction of directions) {
			const { stage } = bufferTable[inspection.buffer];
			const isStream = stage === "body" || stage === "stream";
			// Both bodies of a direction are the same octets.
			const buffer =
				stage === "body" ? "body" : [inspection.buffer, ...inspection.transforms.map(transformKey)].join(" ");
			this.#place(
				`${stage} ${direction}`,
				isStream && depth <= shallowOctets ? `${buffer} shallow` : buffer,
				inspection,
			).add(content.octets, index);
		}
	}

	stage(stage: BufferStage, direction: DirectionIndex): StagePlan {
		return { scans: this.#scans(stage, direction), always: this.#always.get(`${stage} ${direction}`) ?? [] };
	}

	stream(stage: BufferStage, direction: DirectionIndex): StreamPlan {
		const places = [...this.#places.values()].filter(({ key }) => key === `${stage} ${direction}`);
		const shallow = places.find(({ name }) => name.endsWith(" shallow"));
		const deep = places.find(({ name }) => !name.endsWith(" shallow"));
		return {
			deep: deep && this.#scan(deep),
			shallow: shallow && this.#scan(shallow),
			always: this.#always.get(`${stage} ${direction}`) ?? [],
			isKept: this.#kept.has(`${stage} ${direction}`),
		};
	}

	#scans(stage: BufferStage, direction: DirectionIndex): Scan[] {
		return [...this.#places.values()]
			.filter(({ key }) => key === `${stage} ${direction}`)
			.map((place) => this.#scan(place));
	}

	#scan(place: Place): Scan {
		this.patterns += place.patterns.length;
		return {
			buffer: place.buffer,
			transforms: place.transforms,
			filter: new PatternFilter(place.patterns, this.#memory),
			owners: new OwnerLists(place.owners),
		};
	}

	#place(key: string, name: string, { buffer, transforms }: Inspection): Place {
		const id = `${key} ${name}`;
		let place = this.#places.get(id);
		if (place === undefined) {
			place = new Place(key, name, buffer, transforms);
			this.#places.set(id, place);
		}
		return place;
	}
}

/** The patterns of one buffer; equal ones, case aside, are one. */
class Place {
	readonly key: string;
	readonly name: string;
	readonly buffer: BufferName;
	readonly transforms: readonly Transform[];
	readonly patterns: Uint8Array[] = [];
	readonly owners: number[][] = [];
	readonly #known = new Map<string, number>();

	constructor(key: string, name: string, buffer: BufferName, transforms: readonly Transform[]) {
		this.key = key;
		this.name = name;
		this.buffer = buffer;
		this.transforms = transforms;
	}

	add(octets: Uint8Array, owner: number): void {
		const text = Buffer.from(octets).toString("latin1").toLowerCase();
		let pattern = this.#known.get(text);
		if (pattern === undefined) {
			pattern = this.patterns.push(octets) - 1;
			this.owners.push([]);
			this.#known.set(text, pattern);
		}
		this.owners[pattern]?.push(owner);
	}
}

interface Chosen {
	readonly inspection: Inspection;
	readonly content: ContentStep;
	/** Where the content ends at the latest, or infinity. */
	readonly depth: number;
}

/** The content to search for: what the rule says, else a long one in a buffer where it is rare. */
function chooseFilter({ inspections, stage: last }: Signature): Chosen | undefined {
	let best: Chosen | undefined;
	let bestScore = 0;
	for (const inspection of inspections) {
		const { weight, stage } = bufferTable[inspection.buffer];
		const isStream = stage === "body" || stage === "stream";
		// What is found earlier waits for the rest in HTTP only, where the body follows the head.
		if (stage !== last && !(stage === "head" && last === "body")) continue;
		if (inspection.absent !== "no" || (isStream && inspection.transforms.length > 0)) continue;
		for (const step of inspection.steps) {
			if (step.type !== "content" || step.isNegated) continue;
			const depth = latestEnd(step);
			const isShort = step.octets.length < shortPattern;
			const place = !isStream ? 1 : depth <= shallowOctets ? 1.2 : isShort ? 0.3 * usualWeight : 1;
			const rarity = !(isStream && isShort) && isUsual(step.octets) ? usualWeight : 1;
			const length = Math.min(step.octets.length, usefulOctets);
			const score = weight * place * rarity * length * (step.isFastPattern ? 2 : 1);
			if (score <= bestScore) continue;
			best = { inspection, content: step, depth };
			bestScore = score;
		}
	}
	return best;
}

function latestEnd({ offset, depth, distance, within }: ContentStep): number {
	if (distance !== undefined || within !== undefined || typeof depth !== "number") return Number.POSITIVE_INFINITY;
	return typeof offset === "object" ? Number.POSITIVE_INFINITY : (offset ?? 0) + depth;
}

/** As Suricata orders: actions first, then who sets bits before who asks for them. */
function rank({ action, flowBits, flowIntegers }: Signature): number {
	const order = action === "pass" ? 0 : action === "drop" ? 1 : action.startsWith("reject") ? 2 : 3;
	const sets =
		flowBits.some(({ command }) => !command.startsWith("is")) ||
		flowIntegers.some(({ operator }) => "+-=".includes(operator));
	const asks =
		flowBits.some(({ command }) => command.startsWith("is")) ||
		flowIntegers.some(({ operator }) => !"+-=".includes(operator));
	return order * 4 + (sets ? (asks ? 1 : 0) : asks ? 2 : 3);
}

function listOf<K>(lists: Map<K, number[]>, key: K): number[] {
	let list = lists.get(key);
	if (list === undefined) {
		list = [];
		lists.set(key, list);
	}
	return list;
}

/** Contents that end this early are searched for in the beginning only. */
export const shallowOctets = 4_096;
const shortPattern = 8;
const usefulOctets = 20;
/** A content that most traffic has is searched for where the rule has no other; in a stream still before one that is not searched for to its end. */
const usualWeight = 0.3;
