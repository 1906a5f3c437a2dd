/**
 * The addresses and ports of a rule's header: `any`, one, a range, `[lists]`, `!` before any of them, `$VARIABLES`.
 *
 * A list matches what one of its positive members matches and none of its negated ones; a list of negated members alone
 * begins with everything.
 */
import { type Address, type Prefix, parseAddress, prefixContains } from "#base/address.ts";

/** A compiled part of a header. `undefined` as a test means that everything matches. */
export interface AddressTest {
	matches(address: Address): boolean;
}
export interface PortTest {
	matches(port: number): boolean;
}

/** Values of `$NAME`, without the `$`: text of the same form. */
export type RuleVariables = ReadonlyMap<string, string>;

/**
 * Compiles header parts; equal texts share one test.
 *
 * Bounds: nesting and variables up to `maxDepth`, `maxMembers` members.
 */
export class HeaderCompiler {
	readonly #variables: RuleVariables;
	readonly #addresses = new Map<string, AddressTest | "any" | string[]>();
	readonly #ports = new Map<string, PortTest | "any" | string[]>();

	constructor(variables: RuleVariables) {
		this.#variables = variables;
	}

	/** A test, `"any"`, or in an array why the text is none. */
	address(text: string): AddressTest | "any" | string[] {
		return remember(this.#addresses, text, () => compile(text, this.#variables, addressAtom));
	}

	ports(text: string): PortTest | "any" | string[] {
		return remember(this.#ports, text, () => compile(text, this.#variables, portAtom));
	}
}

/** A member of a list that is no list: what it tests, or undefined when the text is none. */
type Atom<T> = (text: string) => ((value: T) => boolean) | undefined;
type Test<T> = { matches(value: T): boolean };

function compile<T>(text: string, variables: RuleVariables, atom: Atom<T>): Test<T> | "any" | string[] {
	const budget = { members: maxMembers };
	const test = expression(text.trim(), variables, atom, 0, budget);
	if (typeof test === "string") return [test];
	return test === undefined ? "any" : { matches: test };
}

/** undefined: everything; a string: why not. */
function expression<T>(
	text: string,
	variables: RuleVariables,
	atom: Atom<T>,
	depth: number,
	budget: { members: number },
): ((value: T) => boolean) | undefined | string {
	if (depth > maxDepth) return `"${text.slice(0, 40)}" is nested deeper than ${maxDepth}`;
	if (--budget.members < 0) return `there are more than ${maxMembers} members`;
	if (text.startsWith("!")) {
		const inner = expression(text.slice(1).trim(), variables, atom, depth + 1, budget);
		if (typeof inner === "string") return inner;
		if (inner === undefined) return '"!any" matches nothing';
		return (value) => !inner(value);
	}
	if (text.startsWith("$")) {
		const value = variables.get(text.slice(1));
		if (value === undefined) return `variable ${text.slice(0, 40)} is not set`;
		return expression(value.trim(), variables, atom, depth + 1, budget);
	}
	if (text.startsWith("[") && text.endsWith("]")) return list(text.slice(1, -1), variables, atom, depth, budget);
	if (text === "any" || text === "0.0.0.0/0" || text === "::/0") return undefined;
	return atom(text) ?? `"${text.slice(0, 40)}" is none`;
}

function list<T>(
	text: string,
	variables: RuleVariables,
	atom: Atom<T>,
	depth: number,
	budget: { members: number },
): ((value: T) => boolean) | undefined | string {
	const included: ((value: T) => boolean)[] = [];
	const excluded: ((value: T) => boolean)[] = [];
	let hasAny = false;
	for (const member of splitList(text)) {
		const isNegated = member.startsWith("!");
		const test = expression(isNegated ? member.slice(1).trim() : member, variables, atom, depth + 1, budget);
		if (typeof test === "string") return test;
		if (test === undefined) {
			if (isNegated) return '"!any" matches nothing';
			hasAny = true;
		} else (isNegated ? excluded : included).push(test);
	}
	if (excluded.length === 0 && (hasAny || included.length === 0)) return hasAny ? undefined : "the list is empty";
	const isOpen = hasAny || included.length === 0;
	return (value) => (isOpen || included.some((test) => test(value))) && !excluded.some((test) => test(value));
}

/** Members at commas that stand in no inner brackets. */
function splitList(text: string): string[] {
	const members: string[] = [];
	let depth = 0;
	let start = 0;
	for (let at = 0; at <= text.length; at++) {
		const char = text[at];
		if (char === "[") depth++;
		else if (char === "]") depth--;
		else if ((char === "," && depth === 0) || at === text.length) {
			const member = text.slice(start, at).trim();
			if (member !== "") members.push(member);
			start = at + 1;
		}
	}
	return members;
}

function addressAtom(text: string): ((address: Address) => boolean) | undefined {
	const dash = text.indexOf("-");
	if (dash !== -1) {
		const low = parseAddress(text.slice(0, dash).trim());
		const high = parseAddress(text.slice(dash + 1).trim());
		if (low === undefined || high === undefined || compareAddresses(low, high) > 0) return undefined;
		return (address) =>
			address.octets.length === low.octets.length &&
			compareAddresses(low, address) <= 0 &&
			compareAddresses(address, high) <= 0;
	}
	const prefix = lenientPrefix(text);
	return prefix === undefined ? undefined : (address) => prefixContains(prefix, address);
}

/** Rules write host bits behind the prefix, too; only the leading bits count. */
function lenientPrefix(text: string): Prefix | undefined {
	const [host = "", lengthText, more] = text.split("/");
	const address = parseAddress(host);
	if (address === undefined || more !== undefined) return undefined;
	const bits = address.octets.length * 8;
	if (lengthText === undefined) return { address, length: bits };
	if (!/^[0-9]{1,3}$/.test(lengthText) || Number(lengthText) > bits) return undefined;
	return { address, length: Number(lengthText) };
}

function compareAddresses(a: Address, b: Address): number {
	for (const [index, octet] of a.octets.entries()) {
		const other = b.octets[index] ?? 0;
		if (octet !== other) return octet - other;
	}
	return a.octets.length - b.octets.length;
}

function portAtom(text: string): ((port: number) => boolean) | undefined {
	const match = /^([0-9]{0,5})(?:(:)([0-9]{0,5}))?$/.exec(text);
	if (match === null || (match[1] === "" && match[2] === undefined)) return undefined;
	const low = match[1] === "" ? 0 : Number(match[1]);
	const high = match[2] === undefined ? low : match[3] === "" || match[3] === undefined ? 65_535 : Number(match[3]);
	if (low > high || high > 65_535) return undefined;
	return (port) => port >= low && port <= high;
}

function remember<V>(known: Map<string, V>, text: string, make: () => V): V {
	let value = known.get(text);
	if (value === undefined) {
		value = make();
		known.set(text, value);
	}
	return value;
}

const maxDepth = 12;
const maxMembers = 4_096;

/**
 * The variables that rule sets expect, as a gateway has them: it stands between its clients and the world, so that
 * addresses tell nothing that a policy does not tell better; every address matches.
 */
export const defaultVariables: RuleVariables = new Map([
	...[
		"HOME_NET",
		"EXTERNAL_NET",
		"HTTP_SERVERS",
		"SMTP_SERVERS",
		"SQL_SERVERS",
		"DNS_SERVERS",
		"TELNET_SERVERS",
		"AIM_SERVERS",
		"DC_SERVERS",
		"DNP3_SERVER",
		"DNP3_CLIENT",
		"MODBUS_CLIENT",
		"MODBUS_SERVER",
		"ENIP_CLIENT",
		"ENIP_SERVER",
	].map((name): [string, string] => [name, "any"]),
	// Decrypted HTTP comes at the ports of HTTPS as well.
	["HTTP_PORTS", "[80,443,3128,8000,8080,8443,8888]"],
	["SHELLCODE_PORTS", "!80"],
	["ORACLE_PORTS", "1521"],
	["SSH_PORTS", "22"],
	["DNP3_PORTS", "20000"],
	["MODBUS_PORTS", "502"],
	["FILE_DATA_PORTS", "[$HTTP_PORTS,110,143]"],
	["FTP_PORTS", "21"],
	["GENEVE_PORTS", "6081"],
	["VXLAN_PORTS", "4789"],
	["TEREDO_PORTS", "3544"],
]);
