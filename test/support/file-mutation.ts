/**
 * Changes to binary files for fuzz tests: octets, ranges, and whole elements of DER with the lengths around them mended,
 * so that a change reaches the decoder of the field and is not stopped at the first length.
 */
import fc from "fast-check";
import { concat } from "#base/bytes.ts";
import { derElement } from "#pki/der.ts";

/** One change. Positions are taken modulo what is there. */
export type Mutation =
	| { readonly kind: "octet" | "flip" | "tag"; readonly at: number; readonly value: number }
	| { readonly kind: "cut" | "drop" | "double" | "empty" | "indefinite"; readonly at: number }
	| { readonly kind: "insert" | "content"; readonly at: number; readonly octets: Uint8Array }
	| { readonly kind: "remove" | "repeat"; readonly at: number; readonly length: number }
	| { readonly kind: "swap" | "copy"; readonly at: number; readonly from: number }
	| { readonly kind: "wrap"; readonly at: number; readonly value: number; readonly depth: number };

/** A file of the list after one to four changes. */
export function mutatedFile(files: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
	return fc
		.tuple(fc.constantFrom(...files), fc.array(mutation, { minLength: 1, maxLength: 4 }))
		.map(([file, mutations]) => mutations.reduce(mutate, file));
}

/** The octets after the change. */
export function mutate(file: Uint8Array, change: Mutation): Uint8Array {
	if (file.length === 0) return file;
	const at = change.at % file.length;
	switch (change.kind) {
		case "octet":
			return file.with(at, change.value);
		case "flip":
			return file.with(at, (file[at] as number) ^ (1 << (change.value & 7)));
		case "cut":
			return file.subarray(0, at);
		case "insert":
			return concat([file.subarray(0, at), change.octets, file.subarray(at)]);
		case "remove":
			return concat([file.subarray(0, at), file.subarray(at + change.length)]);
		case "repeat":
			return concat([file.subarray(0, at + change.length), file.subarray(at)]);
		default:
			return mutateElement(file, change);
	}
}

type ElementMutation = Exclude<Mutation, { readonly kind: "octet" | "flip" | "cut" | "insert" | "remove" | "repeat" }>;

interface Element {
	tag: number;
	/** Elements, or octets that are none. */
	content: Element[] | Uint8Array;
	/** The octet of unused bits before elements in a BIT STRING. */
	readonly before: Uint8Array;
	isIndefinite: boolean;
}

function mutateElement(file: Uint8Array, change: ElementMutation): Uint8Array {
	const roots = parse(file);
	if (roots === undefined) return file;
	const all: Element[] = [];
	const parents = new Map<Element, Element[]>();
	const visit = (elements: Element[]) => {
		for (const element of elements) {
			all.push(element);
			parents.set(element, elements);
			if (Array.isArray(element.content)) visit(element.content);
		}
	};
	visit(roots);
	const chosen = all[change.at % all.length] as Element;
	const siblings = parents.get(chosen) as Element[];
	const index = siblings.indexOf(chosen);
	switch (change.kind) {
		case "tag":
			chosen.tag = change.value;
			break;
		case "empty":
			chosen.content = new Uint8Array(0);
			break;
		case "indefinite":
			chosen.isIndefinite = true;
			break;
		case "content":
			chosen.content = change.octets;
			break;
		case "drop":
			siblings.splice(index, 1);
			break;
		case "double":
			siblings.splice(index, 0, chosen);
			break;
		case "swap":
		case "copy": {
			const other = all[change.from % all.length] as Element;
			const octets = encode(other);
			if (change.kind === "copy") siblings.splice(index, 0, raw(octets));
			else siblings[index] = raw(octets);
			break;
		}
		case "wrap": {
			let inner = encode(chosen);
			for (let depth = 0; depth < change.depth; depth++) inner = derElement(change.value, inner);
			siblings[index] = raw(inner);
		}
	}
	return concat(roots.map(encode));
}

/** Octets that are an element already. */
function raw(octets: Uint8Array): Element {
	return { tag: -1, content: octets, before: none, isIndefinite: false };
}

function parse(octets: Uint8Array): Element[] | undefined {
	const elements: Element[] = [];
	let at = 0;
	while (at < octets.length) {
		const tag = octets[at] as number;
		let length = octets[at + 1] ?? 0x80;
		at += 2;
		if (length >= 0x80) {
			const count = length & 0x7f;
			if (count === 0 || count > 3 || (tag & 0x1f) === 0x1f) return undefined;
			length = 0;
			for (let index = 0; index < count; index++) length = length * 256 + (octets[at++] ?? 0);
		}
		if (at + length > octets.length) return undefined;
		elements.push(element(tag, octets.subarray(at, at + length)));
		at += length;
	}
	return elements;
}

function element(tag: number, content: Uint8Array): Element {
	const isBitString = tag === 0x03 && content[0] === 0;
	const mayHoldElements = (tag & 0x20) !== 0 || tag === 0x04 || isBitString;
	const before = isBitString ? content.subarray(0, 1) : none;
	const inner = mayHoldElements ? parse(content.subarray(before.length)) : undefined;
	if (inner === undefined || (inner.length === 0 && (tag & 0x20) === 0))
		return { tag, content, before: none, isIndefinite: false };
	return { tag, content: inner, before, isIndefinite: false };
}

function encode({ tag, content, before, isIndefinite }: Element): Uint8Array {
	const octets = Array.isArray(content) ? concat([before, ...content.map(encode)]) : content;
	if (tag === -1) return octets;
	if (isIndefinite) return concat([Uint8Array.of(tag | 0x20, 0x80), octets, Uint8Array.of(0, 0)]);
	return derElement(tag, octets);
}

const none = new Uint8Array(0);
const at = fc.nat({ max: 0xff_ffff });
/** Tags in use, among any others. */
const tag = fc.oneof(
	fc.constantFrom(
		1,
		2,
		3,
		4,
		5,
		6,
		0x0a,
		0x0c,
		0x13,
		0x16,
		0x17,
		0x18,
		0x1e,
		0x24,
		0x30,
		0x31,
		0x80,
		0x81,
		0x82,
		0x86,
		0xa0,
		0xa1,
	),
	fc.nat({ max: 255 }),
);
const octets = fc.oneof(
	fc.uint8Array({ maxLength: 24 }),
	fc.constantFrom(
		Uint8Array.of(0),
		Uint8Array.of(0xff),
		Uint8Array.of(0, 0x80),
		Uint8Array.of(0x7f, 0xff, 0xff, 0xff),
		Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 0),
		Uint8Array.of(0x61, 0, 0x62),
		Uint8Array.of(0xc3, 0x28),
		Uint8Array.of(0xd8, 0),
	),
);
const length = fc.integer({ min: 1, max: 40 });

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
	fc.record({ kind: fc.constantFrom("octet", "flip"), at, value: fc.nat({ max: 255 }) }),
	fc.record({ kind: fc.constant("tag"), at, value: tag }),
	fc.record({ kind: fc.constantFrom("cut", "drop", "double", "empty", "indefinite"), at }),
	fc.record({ kind: fc.constantFrom("insert", "content"), at, octets }),
	fc.record({ kind: fc.constantFrom("remove", "repeat"), at, length }),
	fc.record({ kind: fc.constantFrom("swap", "copy"), at, from: at }),
	fc.record({ kind: fc.constant("wrap"), at, value: tag, depth: fc.constantFrom(1, 2, 40) }),
) as fc.Arbitrary<Mutation>;
