/**
 * What a server of rules sends, made one file of rules: the text itself, or the files `*.rules` of a tar archive, as rule sets
 * are handed out. (gzip around it is undone before.)
 *
 *   name (100) | mode, owner, group (24) | size, octal (12) | time (12) | sum (8) | type (1) | link (100) | "ustar" ... | body,
 *   filled up to 512
 *
 * Rules from afar name no files of this host: those with a dataset that is loaded are left out.
 *
 * Source: POSIX.1-2017 pax, ustar interchange format.
 */
import { loadRules } from "#signature/rule-set.ts";
import type { Signature } from "#signature/signature.ts";

export interface RulePackage {
	/** One char an octet. */
	readonly text: string;
	readonly loaded: number;
	/** Rules that are not understood. */
	readonly disabled: number;
	/** Rules that would read files of the host. */
	readonly leftOut: number;
}

/** A text says why it is none: a page that says "not found" in a friendly way must not take the place of rules. */
export function readRulePackage(octets: Buffer): RulePackage | string {
	if (octets.length === 0) return "it is empty";
	const text = isArchive(octets) ? rulesOfArchive(octets) : { text: octets.toString("latin1") };
	if (typeof text === "string") return text;
	// A rule may go on in the next line, behind a backslash.
	const lines = text.text.replace(/\\\r?\n/g, " ").split("\n");
	const kept = lines.filter((line) => !namesFile.test(line));
	const { signatures, disabled } = loadRules([{ name: "package", text: kept.join("\n") }]);
	if (signatures.some(readsFile)) return "it holds a rule that reads a file of this host";
	if (signatures.length === 0)
		return disabled.length === 0 ? "it holds no rules" : `none of its ${disabled.length} rules is understood`;
	return {
		text: kept.join("\n"),
		loaded: signatures.length,
		disabled: disabled.length,
		leftOut: lines.length - kept.length,
	};
}

/** The last word, whatever the text of the rule looked like. */
function readsFile({ inspections }: Signature): boolean {
	return inspections.some(({ steps }) => steps.some((step) => step.type === "dataset" && step.load !== undefined));
}

function isArchive(octets: Buffer): boolean {
	return octets.toString("latin1", 257, 262) === "ustar";
}

/** Rules that were withdrawn come along under this name. */
const withdrawn = /(?:^|\/)deleted\.rules$/;
/** As the options of rules are read: in any case, and a `;` behind a backslash ends none. */
const namesFile = /\bdataset\s*:(?:[^;\\]|\\.)*\bload\b/i;

function rulesOfArchive(octets: Buffer): { readonly text: string } | string {
	const texts: string[] = [];
	for (let at = 0, count = 0; at + block <= octets.length && octets[at] !== 0; count++) {
		if (count === maxEntries) return `it holds more than ${maxEntries} files`;
		const field = (start: number, end: number) => octets.toString("latin1", at + start, at + end).replace(/\0.*$/s, "");
		const size = field(124, 136).trim();
		if (!/^[0-7]{1,11}$/.test(size)) return "the archive is damaged";
		const body = at + block;
		const end = body + Number.parseInt(size, 8);
		if (end > octets.length) return "the archive is cut";
		const type = field(156, 157);
		const name = field(0, 100);
		if ((type === "0" || type === "") && name.endsWith(".rules") && !withdrawn.test(name))
			texts.push(octets.toString("latin1", body, end));
		at = body + Math.ceil((end - body) / block) * block;
	}
	return texts.length === 0 ? "the archive holds no file of rules" : { text: texts.join("\n") };
}

const block = 512;
const maxEntries = 10_000;
