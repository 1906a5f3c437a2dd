/**
 * Assembles WebAssembly from its text format, so that a search over octets is written where it is read and no binary has to
 * be believed. A part of the format: one memory, functions, folded instructions, names in place of numbers.
 *
 * Source: WebAssembly Core 2.0, chapters 5 (binary) and 6 (text).
 */

/**
 * The octets of the module that the text describes: `(module (memory ...) (func ...) ...)`.
 *
 * Throws: the text has something that is not of this part of the format; texts are ours.
 */
export function assembleModule(text: string): Uint8Array<ArrayBuffer> {
	const [keyword, ...fields] = asList(parse(text));
	if (keyword !== "module") fail("a module", keyword);
	const functions = fields.filter((field) => field[0] === "func").map((field) => readFunction(asList(field)));
	const indexes = new Map(functions.map(({ name }, index) => [name, index]));
	const memory = asList(fields.find((field) => field[0] === "memory") ?? fail("a memory", "none"));
	const [least, most] = memory.slice(-2).map(Number) as [number, number];
	const exported = functions.flatMap(({ exportName }, index) =>
		exportName === undefined ? [] : [{ exportName, index }],
	);
	return Uint8Array.from([
		...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
		...section(
			1,
			functions.map(({ type }) => type),
		),
		...section(
			3,
			functions.map((_, index) => unsigned(index)),
		),
		...section(5, [[0x01, ...unsigned(least), ...unsigned(most)]]),
		...section(7, [
			[...name("memory"), 0x02, 0x00],
			...exported.map(({ exportName, index }) => [...name(exportName), 0x00, ...unsigned(index)]),
		]),
		...section(
			10,
			functions.map((each) => new Body(each, indexes).code()),
		),
	]);
}

type Node = string | readonly Node[];

interface FunctionText {
	readonly name: string;
	readonly exportName: string | undefined;
	readonly type: readonly number[];
	readonly parameters: readonly string[];
	readonly locals: readonly (readonly [name: string, type: number])[];
	readonly instructions: readonly Node[];
}

function readFunction(field: readonly Node[]): FunctionText {
	const parameters: [string, number][] = [];
	const locals: [string, number][] = [];
	const results: number[] = [];
	let exportName: string | undefined;
	let at = 2;
	for (; at < field.length; at++) {
		const [keyword, first, second] = asList(field[at] as Node) as readonly string[];
		if (keyword === "export") exportName = first?.slice(1, -1);
		else if (keyword === "param") parameters.push([String(first), valueType(second)]);
		else if (keyword === "result") results.push(valueType(first));
		else if (keyword === "local") locals.push([String(first), valueType(second)]);
		else break;
	}
	const types = parameters.map(([, type]) => type);
	return {
		name: String(field[1]),
		exportName,
		type: [0x60, ...vector(types.map((type) => [type])), ...vector(results.map((type) => [type]))],
		parameters: parameters.map(([parameter]) => parameter),
		locals,
		instructions: field.slice(at),
	};
}

/** Writes the instructions of one function. */
class Body {
	readonly #function: FunctionText;
	readonly #functions: ReadonlyMap<string, number>;
	readonly #locals: ReadonlyMap<string, number>;
	readonly #out: number[] = [];
	/** Blocks that are open, the innermost last. */
	readonly #labels: string[] = [];

	constructor(text: FunctionText, functions: ReadonlyMap<string, number>) {
		this.#function = text;
		this.#functions = functions;
		const names = [...text.parameters, ...text.locals.map(([local]) => local)];
		this.#locals = new Map(names.map((local, index) => [local, index]));
	}

	code(): number[] {
		for (const each of this.#function.instructions) this.#write(asList(each));
		const locals = vector(this.#function.locals.map(([, type]) => [1, type]));
		const body = [...locals, ...this.#out, end];
		return [...unsigned(body.length), ...body];
	}

	#write([name, ...rest]: readonly Node[]): void {
		const operator = String(name);
		if (operator === "block" || operator === "loop") return this.#block(operator, rest);
		if (operator === "if") return this.#if(rest);
		const row = instructions.get(operator) ?? fail("an instruction", operator);
		const immediates = rest.filter((part) => typeof part === "string");
		for (const operand of rest) if (typeof operand !== "string") this.#write(operand);
		this.#out.push(...row.code, ...this.#immediate(row.immediate, immediates[0]));
	}

	#block(operator: "block" | "loop", [label, ...body]: readonly Node[]): void {
		this.#out.push(operator === "block" ? 0x02 : 0x03, noResult);
		this.#inside(String(label), body);
		this.#out.push(end);
	}

	/** `(if CONDITION (then ...) (else ...))` */
	#if([condition, then, otherwise]: readonly Node[]): void {
		this.#write(asList(condition as Node));
		this.#out.push(0x04, noResult);
		this.#inside("", asList(then as Node).slice(1));
		if (otherwise !== undefined) {
			this.#out.push(0x05);
			this.#inside("", asList(otherwise).slice(1));
		}
		this.#out.push(end);
	}

	#inside(label: string, body: readonly Node[]): void {
		this.#labels.push(label);
		for (const each of body) this.#write(asList(each));
		this.#labels.pop();
	}

	#immediate(kind: Immediate, text = ""): readonly number[] {
		switch (kind) {
			case "none":
				return [];
			case "local":
				return unsigned(this.#locals.get(text) ?? fail("a local", text));
			case "function":
				return unsigned(this.#functions.get(text) ?? fail("a function", text));
			case "label": {
				const depth = [...this.#labels].reverse().indexOf(text);
				return unsigned(depth === -1 ? fail("a label", text) : depth);
			}
			case "memory":
				return [0x00, ...unsigned(Number(text.replace("offset=", "")))];
			case "i32":
				return signed(BigInt.asIntN(32, BigInt(text)));
			case "i64":
				return signed(BigInt.asIntN(64, BigInt(text)));
		}
	}
}

function parse(text: string): Node {
	const stack: Node[][] = [[]];
	for (const [token] of text.replaceAll(/;;.*/g, "").matchAll(/[()]|"[^"]*"|[^\s()]+/g)) {
		if (token === "(") stack.push([]);
		else if (token === ")") {
			const list = stack.pop() as Node[];
			(stack.at(-1) ?? fail("an opening bracket", token)).push(list);
		} else (stack.at(-1) as Node[]).push(token);
	}
	const [[module] = [], ...open] = stack;
	return open.length > 0 || module === undefined ? fail("a closing bracket", "the end") : module;
}

function asList(node: Node): readonly Node[] {
	return typeof node === "string" ? fail("a list", node) : node;
}

function valueType(text: string | undefined): number {
	return valueTypes[text ?? ""] ?? fail("a type", text);
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
	const content = vector(items);
	return [id, ...unsigned(content.length), ...content];
}

function vector(items: readonly (readonly number[])[]): number[] {
	return [...unsigned(items.length), ...items.flat()];
}

function name(text: string): number[] {
	return vector([...Buffer.from(text)].map((octet) => [octet]));
}

/** LEB128. */
function unsigned(value: number): number[] {
	const octets: number[] = [];
	let rest = value;
	for (; rest >= 0x80; rest >>>= 7) octets.push((rest & 0x7f) | 0x80);
	return [...octets, rest];
}

function signed(value: bigint): number[] {
	const octets: number[] = [];
	let rest = value;
	for (; rest < -64n || rest > 63n; rest >>= 7n) octets.push(Number(rest & 0x7fn) | 0x80);
	return [...octets, Number(rest & 0x7fn)];
}

function fail(expected: string, got: unknown): never {
	throw new Error(`text of WebAssembly: expected ${expected}, got ${JSON.stringify(got)}`);
}

const end = 0x0b;
const noResult = 0x40;
const valueTypes: Readonly<Record<string, number>> = { i32: 0x7f, i64: 0x7e, v128: 0x7b };

type Immediate = "none" | "local" | "function" | "label" | "memory" | "i32" | "i64";

/** Name, what stands behind the opcode, opcode. */
const rows: readonly (readonly [name: string, immediate: Immediate, ...code: readonly number[]])[] = [
	["br", "label", 0x0c],
	["br_if", "label", 0x0d],
	["return", "none", 0x0f],
	["call", "function", 0x10],
	["local.get", "local", 0x20],
	["local.set", "local", 0x21],
	["local.tee", "local", 0x22],
	["i32.load", "memory", 0x28],
	["i64.load", "memory", 0x29],
	["i32.load8_u", "memory", 0x2d],
	["i32.load16_u", "memory", 0x2f],
	["i32.store", "memory", 0x36],
	["i32.const", "i32", 0x41],
	["i64.const", "i64", 0x42],
	["i32.eqz", "none", 0x45],
	["i32.eq", "none", 0x46],
	["i32.ne", "none", 0x47],
	["i32.lt_s", "none", 0x48],
	["i32.lt_u", "none", 0x49],
	["i32.gt_s", "none", 0x4a],
	["i32.gt_u", "none", 0x4b],
	["i32.le_s", "none", 0x4c],
	["i32.le_u", "none", 0x4d],
	["i32.ge_u", "none", 0x4f],
	["i64.eq", "none", 0x51],
	["i64.ne", "none", 0x52],
	["i32.ctz", "none", 0x68],
	["i32.add", "none", 0x6a],
	["i32.sub", "none", 0x6b],
	["i32.mul", "none", 0x6c],
	["i32.and", "none", 0x71],
	["i32.or", "none", 0x72],
	["i32.shl", "none", 0x74],
	["i32.shr_u", "none", 0x76],
	["i64.and", "none", 0x83],
	["i64.or", "none", 0x84],
	["v128.load", "memory", 0xfd, 0x00],
	["v128.store", "memory", 0xfd, 0x0b],
	["i8x16.splat", "none", 0xfd, 0x0f],
	["i8x16.eq", "none", 0xfd, 0x23],
	["v128.and", "none", 0xfd, 0x4e],
	["v128.or", "none", 0xfd, 0x50],
	["v128.any_true", "none", 0xfd, 0x53],
	["i8x16.bitmask", "none", 0xfd, 0x64],
	["i8x16.shr_u", "none", 0xfd, 0x6d],
	["i16x8.splat", "none", 0xfd, 0x10],
	["i16x8.shr_u", "none", 0xfd, 0x8d, 0x01],
	["i16x8.add", "none", 0xfd, 0x8e, 0x01],
	["i16x8.mul", "none", 0xfd, 0x95, 0x01],
	["i8x16.relaxed_swizzle", "none", 0xfd, 0x80, 0x02],
];

const instructions: ReadonlyMap<string, { readonly immediate: Immediate; readonly code: readonly number[] }> = new Map(
	rows.map(([mnemonic, immediate, ...code]) => [mnemonic, { immediate, code }]),
);
