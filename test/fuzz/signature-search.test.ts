/**
 * Signatures found by the search over all patterns beside each signature compared with the whole octets: the same ones match,
 * however the octets come, also while connections of an older set of signatures are open.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DatasetStore } from "#signature/dataset-store.ts";
import { StepMatcher } from "#signature/match-steps.ts";
import { PatternFilter } from "#signature/pattern-filter.ts";
import { type SignatureEngine, toClient } from "#signature/signature-engine.ts";
import { responseHead } from "../support/http-heads.ts";
import { engineOf, flowOf, sidsOf } from "../support/signature-traffic.ts";

/** Few letters, so that contents overlap and repeat; some differ in case, some only in the bit that tells cases apart. */
const letter = fc.constantFrom(..."aAbBcC-\r@`");
const word = fc.oneof(
	fc.array(letter, { minLength: 1, maxLength: 3 }),
	fc.array(letter, { minLength: 4, maxLength: 7 }),
	fc.array(letter, { minLength: 8, maxLength: 20 }),
);
const text = fc
	.array(fc.oneof(word, fc.constant([..."abcabcab"])), { maxLength: 30 })
	.map((words) => words.flat().join(""));
const cuts = fc.array(fc.nat(40), { maxLength: 30 });

const hexWord = word.map((letters) =>
	letters.map((each) => `|${each.charCodeAt(0).toString(16).padStart(2, "0")}|`).join(""),
);

const content = fc
	.record({
		octets: hexWord,
		isNegated: fc.boolean(),
		more: fc.subarray(["nocase"]),
		place: fc.constantFrom("", "", "", "offset:3", "depth:40", "distance:0", "distance:1; within:30", "fast_pattern"),
	})
	.map(({ octets, isNegated, more, place }) =>
		[`content:${isNegated && place === "" ? "!" : ""}"${octets}"`, ...more, place].filter(Boolean).join("; "),
	);

const rules = fc
	.array(fc.array(content, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 12 })
	.map((list) =>
		list.map(
			(contents, index) =>
				`alert http any any -> any any (flow:to_client; file.data; ${contents.join("; ")}; sid:${index + 1};)`,
		),
	);

test("the signatures that match a body are those that match it when each is compared", () => {
	fc.assert(
		fc.property(rules, rules, text, text, cuts, (before, after, one, other, sizes) => {
			const [older, newer] = [engineOf(before), engineOf(after)];
			const bodies = [new Body(older, one), new Body(newer, other), new Body(older, other), new Body(newer, one)];
			for (const size of sizes) for (const body of bodies) body.send(size);
			for (const body of bodies)
				assert.deepEqual(body.finish(), body.expected(), JSON.stringify([before, after, body.text]));
		}),
	);
});

test("the signatures that match a stream are those that match all of it, each when it is whole", () => {
	const positive = fc.record({
		octets: hexWord,
		more: fc.constantFrom("", "nocase", "distance:0", "distance:1; within:30"),
	});
	const streamRules = fc
		.array(fc.array(positive, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 12 })
		.map((list) =>
			list.map(
				(contents, index) =>
					`alert tcp any any -> any any (flow:to_client; ${contents.map(({ octets, more }, at) => `content:"${octets}"; ${at === 0 && more !== "nocase" ? "" : more}`).join("; ")}; sid:${index + 1};)`,
			),
		);
	fc.assert(
		fc.property(streamRules, text, cuts, (list, sent, sizes) => {
			const engine = engineOf(list);
			const flow = flowOf(engine, "tcp");
			const octets = Buffer.from(sent, "latin1");
			const found = new Set<number>();
			let at = 0;
			for (const size of [...sizes, octets.length]) {
				const end = Math.min(octets.length, at + size);
				flow.stream(toClient, octets, at, end);
				at = end;
				for (const sid of sidsOf(flow)) found.add(sid);
				const soFar = matching(engine, octets.subarray(0, end));
				for (const sid of soFar)
					assert.ok(found.has(sid), `${sid} in ${end} octets of ${JSON.stringify(sent)}: ${list[sid - 1]}`);
			}
			assert.deepEqual([...found].sort(byNumber), matching(engine, octets), JSON.stringify([list, sent]));
		}),
	);
});

test("what a long body holds beyond the octets searched at a time is found", () => {
	const engine = engineOf([
		'alert http any any -> any any (flow:to_client; file.data; content:"needle-in-it"; sid:1;)',
		'alert http any any -> any any (flow:to_client; file.data; content:"pin"; sid:2;)',
		'alert http any any -> any any (flow:to_client; file.data; content:"thimble"; sid:3;)',
	]);
	for (const place of [131_060, 131_066, 131_071, 131_072, 262_140]) {
		for (const [needle, sid] of [
			["needle-in-it", 1],
			["pin", 2],
			["thimble", 3],
		] as const) {
			const body = new Body(engine, `${".".repeat(place)}${needle}${".".repeat(1_000)}`);
			body.send(1_000_000);
			assert.deepEqual(body.finish(), [sid], `${needle} at ${place}`);
		}
	}
});

test("a stream that is searched piece by piece tells all that is there, and nothing whose piece is not", () => {
	fc.assert(
		fc.property(fc.array(word, { minLength: 1, maxLength: 40 }), text, cuts, (words, searched, sizes) => {
			const patterns = words.map((letters) => Buffer.from(letters.join(""), "latin1"));
			const filter = new PatternFilter(patterns);
			const stream = filter.start();
			const octets = Buffer.from(searched, "latin1");
			const found = new Set<number>();
			let at = 0;
			for (const size of [...sizes, octets.length]) {
				const end = Math.min(octets.length, at + size);
				filter.scan(stream, octets, at, end);
				for (let hit = 0; hit < filter.hitCount; hit++) found.add(filter.hit(hit));
				at = end;
			}
			const lower = searched.toLowerCase();
			for (const [index, letters] of words.entries()) {
				const pattern = letters.join("").toLowerCase();
				if (lower.includes(pattern)) assert.ok(found.has(index), pattern);
				else if (found.has(index)) assert.ok(hasPiece(lower, pattern), pattern);
			}
		}),
	);
});

function hasPiece(lower: string, pattern: string): boolean {
	const length = pattern.length >= 8 ? 8 : pattern.length >= 4 ? 4 : pattern.length;
	const fold = (value: string) =>
		Buffer.from(Buffer.from(value, "latin1").map((octet) => octet | 0x20)).toString("latin1");
	for (let at = 0; at + length <= pattern.length; at++)
		if (fold(lower).includes(fold(pattern.slice(at, at + length)))) return true;
	return false;
}

/** One response on its way, and what it must be found to be. */
class Body {
	readonly text: string;
	readonly #engine: SignatureEngine;
	readonly #flow: ReturnType<typeof flowOf>;
	readonly #octets: Buffer;
	#at = 0;

	constructor(engine: SignatureEngine, content: string) {
		this.text = content;
		this.#engine = engine;
		this.#octets = Buffer.from(content, "latin1");
		this.#flow = flowOf(engine, "http");
		this.#flow.responseHead(responseHead(["HTTP/1.1 200 OK"], "x"), undefined);
	}

	send(size: number): void {
		const end = Math.min(this.#octets.length, this.#at + size);
		this.#flow.body(toClient, this.#octets, this.#at, end);
		this.#at = end;
	}

	finish(): number[] {
		this.send(this.#octets.length);
		this.#flow.messageEnd(toClient);
		return sidsOf(this.#flow).sort(byNumber);
	}

	expected(): number[] {
		return matching(this.#engine, this.#octets);
	}
}

/** Each signature compared with octets that are whole. */
function matching(engine: SignatureEngine, octets: Buffer): number[] {
	if (octets.length === 0) return [];
	const matcher = new StepMatcher(new DatasetStore());
	const view = { octets, base: 0, isWhole: true };
	return Array.from({ length: engine.figures.signatures }, (_, index) => engine.signature(index))
		.filter(({ inspections }) => inspections.every(({ steps }) => matcher.matches(steps, view)))
		.map(({ sid }) => sid)
		.sort(byNumber);
}

function byNumber(a: number, b: number): number {
	return a - b;
}
