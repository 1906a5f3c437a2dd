/** `isdataat`, `byte_test`, `byte_jump`, `byte_extract`, `byte_math`: their values as steps. */
import type {
	Amount,
	ByteExtractStep,
	ByteJumpStep,
	ByteMathStep,
	ByteTestStep,
	DataAtStep,
	NumberReading,
} from "#signature/signature.ts";

/** Names of variables to indices. `define` answers the index, or undefined when there are too many. */
export interface VariableNames {
	find(name: string): number | undefined;
	define(name: string): number | undefined;
}

/** A number, or a variable that was set before; a string in an array says what is wrong. */
export function parseAmount(text: string, variables: VariableNames): Amount | [string] {
	const number = parseNumber(text);
	if (number !== undefined) return number;
	const variable = variables.find(text);
	return variable === undefined
		? [`"${text.slice(0, 30)}" is neither a number nor a variable set before`]
		: { variable };
}

/** Decimal or 0x hexadecimal, with a sign. */
export function parseNumber(text: string): number | undefined {
	if (/^[+-]?[0-9]{1,10}$/.test(text)) return Number(text);
	return /^0x[0-9a-fA-F]{1,8}$/i.test(text) ? Number(text) : undefined;
}

/** `[!]n[,relative][,rawbytes]` */
export function parseDataAt(value: string, variables: VariableNames): DataAtStep | string {
	const isNegated = value.startsWith("!");
	const [text = "", ...options] = splitComma(isNegated ? value.slice(1) : value);
	const at = parseAmount(text, variables);
	if (Array.isArray(at)) return at[0];
	let isRelative = false;
	for (const option of options) {
		if (option === "relative") isRelative = true;
		else if (option !== "rawbytes") return `"${option}" is not known to isdataat`;
	}
	return { type: "isdataat", isNegated, at, isRelative };
}

/** `n,[!]operator,value,offset[,options]` */
export function parseByteTest(value: string, variables: VariableNames): ByteTestStep | string {
	const [octets = "", operatorText = "", valueText = "", offset = "", ...options] = splitComma(value);
	const isNegated = operatorText.startsWith("!");
	const bare = (isNegated ? operatorText.slice(1) : operatorText).trim();
	const operator = isNegated && bare === "" ? "=" : bare;
	if (!testOperators.has(operator)) return `operator "${operatorText}" is not known to byte_test`;
	const wanted = parseAmount(valueText, variables);
	if (Array.isArray(wanted)) return wanted[0];
	const { reading, rest } = readNumber(octets, offset, options, variables);
	if (typeof reading === "string") return reading;
	const [unknown] = rest;
	if (unknown !== undefined) return `"${unknown}" is not known to byte_test`;
	return { type: "byte_test", ...reading, isNegated, operator: operator as ByteTestStep["operator"], value: wanted };
}

/** `n,offset[,options]` */
export function parseByteJump(value: string, variables: VariableNames): ByteJumpStep | string {
	const [octets = "", offset = "", ...options] = splitComma(value);
	const { reading, rest } = readNumber(octets, offset, options, variables);
	if (typeof reading === "string") return reading;
	let multiplier = 1;
	let postOffset: Amount = 0;
	let from: ByteJumpStep["from"] = "here";
	let isAligned = false;
	for (const option of rest) {
		const [name, text = ""] = option.split(/\s+/, 2) as [string, string?];
		if (name === "align") isAligned = true;
		else if (name === "from_beginning") from = "beginning";
		else if (name === "from_end") from = "end";
		else if (name === "multiplier") {
			const number = parseNumber(text);
			if (number === undefined || number < 1 || number > 65_535) return "multiplier is not between 1 and 65535";
			multiplier = number;
		} else if (name === "post_offset") {
			const amount = parseAmount(text, variables);
			if (Array.isArray(amount)) return amount[0];
			postOffset = amount;
		} else return `"${option}" is not known to byte_jump`;
	}
	return { type: "byte_jump", ...reading, multiplier, postOffset, from, isAligned };
}

/** `n,offset,variable[,options]` */
export function parseByteExtract(value: string, variables: VariableNames): ByteExtractStep | string {
	const [octets = "", offset = "", name = "", ...options] = splitComma(value);
	const { reading, rest } = readNumber(octets, offset, options, variables);
	if (typeof reading === "string") return reading;
	let multiplier = 1;
	let align: ByteExtractStep["align"] = 0;
	for (const option of rest) {
		const [word, text = ""] = option.split(/\s+/, 2) as [string, string?];
		const number = parseNumber(text);
		if (word === "multiplier" && number !== undefined && number >= 1 && number <= 65_535) multiplier = number;
		else if (word === "align" && (number === 2 || number === 4)) align = number;
		else return `"${option}" is not known to byte_extract`;
	}
	const variable = define(name, variables);
	if (typeof variable === "string") return variable;
	return { type: "byte_extract", ...reading, multiplier, align, variable };
}

/** `bytes n, offset o, oper +, rvalue v, result name[, options]` */
export function parseByteMath(value: string, variables: VariableNames): ByteMathStep | string {
	const named = new Map<string, string>();
	const options: string[] = [];
	for (const part of splitComma(value)) {
		const [word = "", text = ""] = part.split(/\s+/, 2);
		if (mathNames.has(word)) named.set(word, text);
		else if (word === "endian") options.push(text);
		else options.push(part);
	}
	const operator = named.get("oper") ?? "";
	if (!mathOperators.has(operator)) return `operator "${operator}" is not known to byte_math`;
	const wanted = parseAmount(named.get("rvalue") ?? "", variables);
	if (Array.isArray(wanted)) return wanted[0];
	const { reading, rest } = readNumber(named.get("bytes") ?? "", named.get("offset") ?? "", options, variables);
	if (typeof reading === "string") return reading;
	const [unknown] = rest;
	if (unknown !== undefined) return `"${unknown}" is not known to byte_math`;
	const variable = define(named.get("result") ?? "", variables);
	if (typeof variable === "string") return variable;
	return { type: "byte_math", ...reading, operator: operator as ByteMathStep["operator"], value: wanted, variable };
}

/** The options that all four have; the others are answered as `rest`. */
function readNumber(
	octetsText: string,
	offsetText: string,
	options: readonly string[],
	variables: VariableNames,
): { reading: NumberReading | string; rest: readonly string[] } {
	const rest: string[] = [];
	const octets = parseAmount(octetsText, variables);
	const offset = parseAmount(offsetText, variables);
	if (Array.isArray(octets)) return { reading: octets[0], rest };
	if (Array.isArray(offset)) return { reading: offset[0], rest };
	let isRelative = false;
	let isLittleEndian = false;
	let isText = false;
	let base: NumberReading["base"];
	let bitmask: number | undefined;
	for (const option of options) {
		const [word = "", text = ""] = option.split(/\s+/, 2);
		const named = bases.get(word === "string" ? text : word);
		if (word === "relative") isRelative = true;
		else if (word === "little") isLittleEndian = true;
		else if (word === "big") isLittleEndian = false;
		else if (word === "string" && text === "") isText = true;
		else if (named !== undefined) base = named;
		else if (word === "bitmask") {
			bitmask = parseNumber(text);
			if (bitmask === undefined) return { reading: "bitmask is no number", rest };
		} else if (option !== "") rest.push(option);
	}
	if (isText) base ??= 10;
	const most = base === undefined ? 8 : 23;
	if (typeof octets === "number" && (octets < 0 || octets > most))
		return { reading: `${octets} octets cannot be a number; expected at most ${most}`, rest };
	return { reading: { octets, offset, isRelative, isLittleEndian, base, bitmask }, rest };
}

function define(name: string, variables: VariableNames): number | string {
	if (!/^[A-Za-z_]\w{0,63}$/.test(name)) return `"${name.slice(0, 30)}" is no name of a variable`;
	return variables.define(name) ?? "there are too many variables";
}

function splitComma(value: string): string[] {
	return value.split(",").map((part) => part.trim());
}

const testOperators: ReadonlySet<string> = new Set(["<", ">", "=", "<=", ">=", "&", "^"]);
const mathOperators: ReadonlySet<string> = new Set(["+", "-", "*", "/", "<<", ">>"]);
const mathNames: ReadonlySet<string> = new Set(["bytes", "offset", "oper", "rvalue", "result"]);
const bases: ReadonlyMap<string, 8 | 10 | 16> = new Map([
	["dec", 10],
	["hex", 16],
	["oct", 8],
]);
