/**
 * Whether the steps of one inspection hold in one buffer: contents, expressions, sizes and numbers, one behind the other, as in
 * Suricata. Where a step begins at the match before it and fails, the next occurrence of that match is tried.
 *
 * Bounds: `maxTries` steps a buffer; beyond them it counts as no match.
 */
import { RE2JS } from "re2js";
import type { DatasetStore } from "#signature/dataset-store.ts";
import { extractNumber } from "#signature/extract-number.ts";
import { lowerCase } from "#signature/lower-case.ts";
import { isInRange } from "#signature/number-range.ts";
import type {
	Amount,
	ByteJumpStep,
	ByteTestStep,
	ContentStep,
	DataAtStep,
	NumberReading,
	PcreStep,
	Step,
} from "#signature/signature.ts";
import { isRelative } from "#signature/signature-draft.ts";

/** A buffer as it lies before the matcher. */
export interface BufferView {
	readonly octets: Buffer;
	/** How many octets of it went by before the first one here. */
	readonly base: number;
	/** Nothing more will come: what is absent, is absent for good. */
	readonly isWhole: boolean;
	/** The octets in lower case, where somebody keeps them so. */
	readonly lowered?: () => Buffer;
}

/** One matcher serves one thread; it holds nothing between calls but compiled expressions and the values of variables. */
export class StepMatcher {
	readonly #datasets: DatasetStore;
	readonly #expressions = new Map<string, RE2JS>();
	/** After `matches` has answered false: a content that must be there and stands nowhere in the buffer. */
	missing: ContentStep | undefined;
	/** The last content that failed though it stands somewhere. */
	#misplaced: ContentStep | undefined;
	readonly #variables: bigint[] = new Array(maxVariables).fill(0n);
	#steps: readonly Step[] = [];
	#view: BufferView = noView;
	#lower: Buffer | undefined;
	#lowerScratch = Buffer.alloc(0);
	#text: string | undefined;
	/** Behind the last match; negative while the buffer's start lies before the view. */
	#position = 0;
	#tries = 0;

	constructor(datasets: DatasetStore) {
		this.#datasets = datasets;
	}

	/** True when all steps hold in the buffer. Variables keep their values from inspection to inspection of one rule. */
	matches(steps: readonly Step[], view: BufferView): boolean {
		this.#steps = steps;
		if (view !== this.#view) {
			this.#view = view;
			this.#lower = undefined;
			this.#text = undefined;
		}
		this.#position = -view.base;
		this.#tries = 0;
		this.#misplaced = undefined;
		this.missing = view.octets.length < longOctets ? undefined : absentContent(steps, view.octets);
		return this.#run(0);
	}

	/** Forgets the view, whose octets may be reused. */
	release(): void {
		this.#view = noView;
		this.#lower = undefined;
		this.#text = undefined;
	}

	#run(index: number): boolean {
		const step = this.#steps[index];
		if (step === undefined) return true;
		if (++this.#tries > maxTries || this.missing !== undefined) return false;
		switch (step.type) {
			case "content":
				return this.#content(step, index);
			case "pcre":
				return this.#pcre(step, index);
			default:
				return this.#holds(step) && this.#run(index + 1);
		}
	}

	#content(step: ContentStep, index: number): boolean {
		const { octets, isNegated, isFollowed, endsBuffer } = step;
		const { length } = this.#view.octets;
		const haystack = step.ignoresCase ? this.#lowered() : this.#view.octets;
		const high = this.#high(step);
		let low = this.#low(step);
		if (isNegated) return this.#isAbsent(step, haystack, low, high) && this.#run(index + 1);
		if (endsBuffer) {
			if (!this.#view.isWhole || high < length) return false;
			low = Math.max(low, length - octets.length);
		}
		for (;;) {
			const found = find(haystack, octets, low, high);
			if (found === -1) {
				this.#missed(step, haystack);
				return false;
			}
			this.#position = found + octets.length;
			if (this.#run(index + 1)) return true;
			if (!isFollowed || this.missing !== undefined || ++this.#tries > maxTries) return false;
			low = found + 1;
		}
	}

	/** Where it stands nowhere, other places of the steps before it need not be tried. */
	#missed(step: ContentStep, haystack: Buffer): void {
		if (this.#misplaced === step) return;
		if (haystack.indexOf(step.octets) === -1) this.missing = step;
		else this.#misplaced = step;
	}

	#isAbsent(step: ContentStep, haystack: Buffer, low: number, high: number): boolean {
		const { length } = this.#view.octets;
		// What has not come yet may hold it.
		if (!this.#view.isWhole && (step.endsBuffer || this.#bound(step) > length)) return false;
		if (high <= 0 || low > high) return true;
		if (!step.endsBuffer) return find(haystack, step.octets, low, high) === -1;
		if (high < length) return true;
		return find(haystack, step.octets, Math.max(low, length - step.octets.length), length) === -1;
	}

	/** Where the search begins. */
	#low(step: ContentStep): number {
		const offset = this.#amount(step.offset);
		if (!isRelative(step)) return Math.max(0, offset - this.#view.base);
		return Math.max(0, this.#position + this.#amount(step.distance), offset);
	}

	/** Where it ends, within the view. */
	#high(step: ContentStep): number {
		return Math.min(this.#view.octets.length, this.#bound(step));
	}

	#bound(step: ContentStep): number {
		const { offset, depth, within } = step;
		let bound = Number.POSITIVE_INFINITY;
		if (!isRelative(step)) {
			if (depth !== undefined) bound = this.#amount(offset) + this.#amount(depth) - this.#view.base;
			return bound;
		}
		if (within !== undefined) bound = this.#position + this.#amount(step.distance) + this.#amount(within);
		if (depth !== undefined) bound = Math.min(bound, this.#position + this.#amount(offset) + this.#amount(depth));
		return bound;
	}

	#pcre(step: PcreStep, index: number): boolean {
		const expression = this.#expression(step.source);
		const start = step.isRelative ? Math.max(0, this.#position) : 0;
		if (start > this.#view.octets.length) return step.isNegated && this.#run(index + 1);
		this.#text ??= this.#view.octets.toString("latin1");
		const text = start === 0 ? this.#text : this.#text.slice(start);
		// An expression over a long text is many steps; one that is held to the text's start mostly ends early.
		this.#tries += text.length >> (step.source.startsWith("\\A") ? 13 : 9);
		if (step.isNegated) {
			if (!this.#view.isWhole) return false;
			return !expression.test(text) && this.#run(index + 1);
		}
		if (!step.isFollowed && this.#steps.length === index + 1) return expression.test(text);
		const matcher = expression.matcher(text);
		for (let from = 0, tries = 0; from <= text.length && tries < maxExpressionTries; tries++) {
			if (!matcher.find(from)) return false;
			this.#position = start + matcher.end();
			if (this.#run(index + 1)) return true;
			if (!step.isFollowed || this.missing !== undefined) return false;
			from = matcher.start() + 1;
		}
		return false;
	}

	#expression(source: string): RE2JS {
		let expression = this.#expressions.get(source);
		if (expression === undefined) {
			expression = RE2JS.compile(source);
			this.#expressions.set(source, expression);
		}
		return expression;
	}

	#holds(step: Exclude<Step, ContentStep | PcreStep>): boolean {
		const { octets, base, isWhole } = this.#view;
		switch (step.type) {
			case "size":
				return isWhole && isInRange(step.range, base + octets.length);
			case "isdataat":
				return this.#dataAt(step);
			case "byte_test":
				return this.#byteTest(step);
			case "byte_jump":
				return this.#byteJump(step);
			case "byte_extract": {
				const number = this.#number(step);
				if (number === undefined) return false;
				const value = number.value * BigInt(step.multiplier);
				this.#variables[step.variable] = step.align === 0 ? value : roundUp(value, BigInt(step.align));
				return true;
			}
			case "byte_math": {
				const number = this.#number(step);
				if (number === undefined) return false;
				const result = calculate(number.value, step.operator, this.#big(step.value));
				if (result === undefined) return false;
				this.#variables[step.variable] = result;
				return true;
			}
			case "dataset":
				return isWhole && base === 0 && this.#datasets.holds(step, octets);
		}
	}

	#dataAt(step: DataAtStep): boolean {
		const { octets, base, isWhole } = this.#view;
		const at = this.#amount(step.at);
		const isThere = step.isRelative ? this.#position + at <= octets.length : at < base + octets.length;
		if (step.isNegated) return isWhole && !isThere;
		return isThere;
	}

	#byteTest(step: ByteTestStep): boolean {
		const number = this.#number(step);
		if (number === undefined) return false;
		return compare(number.value, step.operator, this.#big(step.value)) !== step.isNegated;
	}

	#byteJump(step: ByteJumpStep): boolean {
		const { length } = this.#view.octets;
		const number =
			step.octets === 0 ? { value: 0n, start: this.#start(step), end: this.#start(step) } : this.#number(step);
		if (number === undefined) return false;
		let jump = number.value * BigInt(step.multiplier);
		if (step.isAligned) jump = roundUp(jump, 4n);
		jump += BigInt(this.#amount(step.postOffset));
		const from = step.from === "beginning" ? -this.#view.base : step.from === "end" ? length : number.end;
		const target = BigInt(from) + jump;
		if (target < 0n || target >= BigInt(length)) return false;
		this.#position = Number(target);
		return true;
	}

	#start(step: NumberReading): number {
		const offset = this.#amount(step.offset);
		return step.isRelative ? this.#position + offset : offset - this.#view.base;
	}

	#number(step: NumberReading): { value: bigint; start: number; end: number } | undefined {
		return extractNumber(this.#view.octets, this.#start(step), this.#amount(step.octets), step);
	}

	#amount(amount: Amount | undefined): number {
		if (amount === undefined) return 0;
		return typeof amount === "number" ? amount : Number(this.#big(amount));
	}

	#big(amount: Amount): bigint {
		return typeof amount === "number" ? BigInt(amount) : (this.#variables[amount.variable] ?? 0n);
	}

	#lowered(): Buffer {
		if (this.#lower !== undefined) return this.#lower;
		const { octets, lowered } = this.#view;
		if (lowered !== undefined) {
			this.#lower = lowered();
			return this.#lower;
		}
		if (this.#lowerScratch.length < octets.length) this.#lowerScratch = Buffer.allocUnsafeSlow(octets.length);
		this.#lower = lowerCase(octets, this.#lowerScratch);
		return this.#lower;
	}
}

/** Before letters of a long buffer are lowered: a content that must be there as it is, and stands nowhere. */
function absentContent(steps: readonly Step[], octets: Buffer): ContentStep | undefined {
	for (const step of steps) {
		if (step.type !== "content" || step.isNegated || step.ignoresCase) continue;
		if (octets.indexOf(step.octets) === -1) return step;
	}
	return undefined;
}

/** The first place of the needle that lies in `[low, high)` wholly, or -1. */
function find(haystack: Buffer, needle: Uint8Array, low: number, high: number): number {
	if (low < 0 || high - low < needle.length) return -1;
	if (high - low <= fewOctets) return findAmongFew(haystack, needle, low, high);
	const part = high === haystack.length ? haystack : haystack.subarray(0, high);
	return part.indexOf(needle, low);
}

/** Sooner done than a call of `indexOf`. */
function findAmongFew(haystack: Buffer, needle: Uint8Array, low: number, high: number): number {
	const first = needle[0];
	const last = high - needle.length;
	for (let at = low; at <= last; at++) if (haystack[at] === first && isAt(haystack, needle, at)) return at;
	return -1;
}

function isAt(haystack: Buffer, needle: Uint8Array, at: number): boolean {
	for (let index = 0; index < needle.length; index++) if (haystack[at + index] !== needle[index]) return false;
	return true;
}

function compare(a: bigint, operator: ByteTestStep["operator"], b: bigint): boolean {
	switch (operator) {
		case "<":
			return a < b;
		case ">":
			return a > b;
		case "=":
			return a === b;
		case "<=":
			return a <= b;
		case ">=":
			return a >= b;
		case "&":
			return (a & b) !== 0n;
		case "^":
			return (a ^ b) !== 0n;
	}
}

/** In 64 bits without sign; undefined: divided by nothing, or shifted by too much. */
function calculate(a: bigint, operator: string, b: bigint): bigint | undefined {
	switch (operator) {
		case "+":
			return BigInt.asUintN(64, a + b);
		case "-":
			return BigInt.asUintN(64, a - b);
		case "*":
			return BigInt.asUintN(64, a * b);
		case "/":
			return b === 0n ? undefined : a / b;
		case "<<":
			return b >= 64n ? undefined : BigInt.asUintN(64, a << b);
		default:
			return b >= 64n ? undefined : a >> b;
	}
}

function roundUp(value: bigint, unit: bigint): bigint {
	const rest = value % unit;
	return rest === 0n ? value : value + unit - rest;
}

const noView: BufferView = { octets: Buffer.alloc(0), base: 0, isWhole: true };
/** As Suricata's default `inspection-recursion-limit`. */
const maxTries = 3_000;
const maxExpressionTries = 64;
const longOctets = 4_096;
const fewOctets = 128;
const maxVariables = 16;
