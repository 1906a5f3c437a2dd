/**
 * One line of a rule file as its parts: header and options, nothing of it understood yet (Suricata's rule format).
 *
 *   alert http $HOME_NET any -> $EXTERNAL_NET 80 (msg:"text"; http.uri; content:"/x"; sid:1;)
 *   action protocol source ports direction destination ports ( options )
 */

/** What a rule does with what it matches. */
export type RuleAction = "alert" | "drop" | "reject" | "rejectsrc" | "rejectdst" | "rejectboth" | "pass";

/** `keyword: value;` as it stands; the value's white space around it is gone, quotes and escapes are still there. */
export interface RuleOption {
	readonly keyword: string;
	readonly value: string | undefined;
}

/** A rule whose grammar holds. */
export interface ParsedRule {
	readonly action: RuleAction;
	readonly protocol: string;
	readonly source: string;
	readonly sourcePorts: string;
	readonly isBothWays: boolean;
	readonly destination: string;
	readonly destinationPorts: string;
	readonly options: readonly RuleOption[];
}

/** The part of the rule that a problem lies in: a keyword, or a word for a part of the header. */
export interface RuleProblem {
	readonly where: string;
	readonly reason: string;
}

export type ParsedLine =
	| { readonly kind: "rule"; readonly rule: ParsedRule }
	/** An empty line or a comment; a rule that is commented out is a comment. */
	| { readonly kind: "nothing" }
	| { readonly kind: "wrong"; readonly problem: RuleProblem };

/**
 * Reads one line.
 *
 * Bounds: lines above `maxRuleOctets` and more than `maxOptions` options are refused; time is linear in the line.
 * Faults: none is thrown; what is wrong is told with its place.
 */
export function parseRuleLine(line: string): ParsedLine {
	if (line.length > maxRuleOctets)
		return wrong("line", `the line has ${line.length} octets; expected at most ${maxRuleOctets}`);
	const text = line.trim();
	if (text === "" || text.startsWith("#")) return { kind: "nothing" };
	const open = text.indexOf("(");
	if (open === -1) return wrong("options", 'there is no "("; expected options in parentheses behind the header');
	if (!text.endsWith(")")) return wrong("options", 'the line does not end in ")"');
	const words = headerWords(text.slice(0, open));
	if (words.length !== 7)
		return wrong(
			"header",
			`the header has ${words.length} words; expected action protocol source ports -> destination ports`,
		);
	const [action, protocol, source, sourcePorts, arrow, destination, destinationPorts] = words as Header;
	if (!actions.has(action)) return wrong("action", `"${action}" is no action; expected ${[...actions].join(", ")}`);
	if (arrow !== "->" && arrow !== "<>") return wrong("direction", `"${arrow}" is no direction; expected -> or <>`);
	const options = splitOptions(text.slice(open + 1, -1));
	if ("reason" in options) return { kind: "wrong", problem: options };
	return {
		kind: "rule",
		rule: {
			action: action as RuleAction,
			protocol: protocol.toLowerCase(),
			source,
			sourcePorts,
			isBothWays: arrow === "<>",
			destination,
			destinationPorts,
			options,
		},
	};
}

type Header = [string, string, string, string, string, string, string];

/** Words at white space; a list in brackets is one word, whatever white space it has. */
function headerWords(text: string): string[] {
	const words: string[] = [];
	let word = "";
	let depth = 0;
	for (const char of text) {
		if (char === "[") depth++;
		else if (char === "]") depth--;
		if (char !== " " && char !== "\t") word += char;
		else if (depth <= 0 && word !== "") {
			words.push(word);
			word = "";
		}
	}
	if (word !== "") words.push(word);
	return words;
}

/** The options; a `;` ends one unless a `\\` stands before it, inside quotes, too (as in Suricata). */
function splitOptions(text: string): RuleOption[] | RuleProblem {
	const options: RuleOption[] = [];
	let start = 0;
	let at = text.indexOf(";");
	for (; at !== -1; at = text.indexOf(";", at + 1)) {
		if (isEscaped(text, at)) continue;
		const part = text.slice(start, at).trim();
		start = at + 1;
		if (part === "") continue;
		if (options.length === maxOptions) return { where: "options", reason: `there are more than ${maxOptions} options` };
		options.push(optionOf(part));
	}
	const rest = text.slice(start).trim();
	if (rest !== "") return { where: "options", reason: `option "${rest.slice(0, 40)}" does not end in ";"` };
	return options;
}

function isEscaped(text: string, at: number): boolean {
	let backslashes = 0;
	while (text[at - 1 - backslashes] === "\\") backslashes++;
	return backslashes % 2 === 1;
}

function optionOf(part: string): RuleOption {
	const colon = part.indexOf(":");
	if (colon === -1) return { keyword: part.toLowerCase(), value: undefined };
	return { keyword: part.slice(0, colon).trim().toLowerCase(), value: part.slice(colon + 1).trim() };
}

function wrong(where: string, reason: string): ParsedLine {
	return { kind: "wrong", problem: { where, reason } };
}

/** The longest line that is read; the longest of the Emerging Threats rules have some 5,000 octets. */
export const maxRuleOctets = 32_768;
export const maxOptions = 256;

const actions: ReadonlySet<string> = new Set<RuleAction>([
	"alert",
	"drop",
	"reject",
	"rejectsrc",
	"rejectdst",
	"rejectboth",
	"pass",
]);
