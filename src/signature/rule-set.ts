/** Files of rules become a set of signatures, with a report of every rule that was not taken. */
import { compileSignature } from "#signature/compile-signature.ts";
import { parseRuleLine } from "#signature/parse-rule.ts";
import { defaultVariables, HeaderCompiler, type RuleVariables } from "#signature/rule-address.ts";
import type { Signature } from "#signature/signature.ts";

/** The text of one file. `name` is shown; read as one char per octet (latin1). */
export interface RuleFile {
	readonly name: string;
	readonly text: string;
}

/** A rule that is not in the set. `where` is the keyword or part of the rule that stands in the way. */
export interface DisabledRule {
	readonly file: string;
	/** Counted from 1. */
	readonly line: number;
	readonly sid: number | undefined;
	readonly protocol: string;
	readonly where: string;
	readonly reason: string;
}

export interface RuleSet {
	readonly signatures: readonly Signature[];
	readonly disabled: readonly DisabledRule[];
	/** Keywords that were accepted and change nothing, with how many rules have them. */
	readonly notes: ReadonlyMap<string, number>;
	/** Rules by the protocol of their header: how many there are and how many of them are in the set. */
	readonly protocols: ReadonlyMap<string, { readonly rules: number; readonly loaded: number }>;
}

/**
 * Loads rules. Of rules with the same gid and sid the highest revision counts, as in Suricata; of equal ones the first.
 *
 * Bounds: `maxRules` signatures; what is beyond is reported as disabled. The report keeps every disabled rule.
 */
export function loadRules(files: readonly RuleFile[], variables: RuleVariables = defaultVariables): RuleSet {
	const headers = new HeaderCompiler(variables);
	const byId = new Map<string, Signature>();
	const disabled: DisabledRule[] = [];
	const notes = new Map<string, number>();
	const protocols = new Map<string, { rules: number; loaded: number }>();
	for (const { name: file, text } of files) {
		for (const { line, number } of ruleLines(text)) {
			const parsed = parseRuleLine(line);
			if (parsed.kind === "nothing") continue;
			const protocol = parsed.kind === "rule" ? parsed.rule.protocol : "";
			const count = protocols.get(protocol) ?? { rules: 0, loaded: 0 };
			protocols.set(protocol, count);
			count.rules++;
			const refuse = (sid: number | undefined, where: string, reason: string) =>
				disabled.push({ file, line: number, sid, protocol, where, reason });
			if (parsed.kind === "wrong") {
				refuse(sidIn(line), parsed.problem.where, parsed.problem.reason);
				continue;
			}
			const compiled = compileSignature(parsed.rule, headers);
			if (compiled.kind === "disabled") {
				refuse(sidIn(line), compiled.problem.where, compiled.problem.reason);
				continue;
			}
			const { signature } = compiled;
			const id = `${signature.gid}:${signature.sid}`;
			const known = byId.get(id);
			if (known === undefined && byId.size === maxRules) {
				refuse(signature.sid, "rules", `there are more than ${maxRules} rules`);
				continue;
			}
			if (known !== undefined && known.rev >= signature.rev) {
				refuse(signature.sid, "sid", `the same sid stands in another rule, with revision ${known.rev}`);
				continue;
			}
			byId.set(id, signature);
			for (const note of compiled.notes) notes.set(note, (notes.get(note) ?? 0) + 1);
			count.loaded++;
		}
	}
	return { signatures: [...byId.values()], disabled, notes, protocols };
}

/** Disabled rules by what stands in the way, the most frequent first. */
export function countProblems(disabled: readonly DisabledRule[]): { where: string; reason: string; rules: number }[] {
	const counts = new Map<string, { where: string; reason: string; rules: number }>();
	for (const { where, reason } of disabled) {
		const key = `${where} ${reason}`;
		const count = counts.get(key) ?? { where, reason, rules: 0 };
		counts.set(key, count);
		count.rules++;
	}
	return [...counts.values()].sort((a, b) => b.rules - a.rules || (a.where < b.where ? -1 : 1));
}

/** Lines with their numbers; a `\` at the end of one joins the next to it. */
function* ruleLines(text: string): Generator<{ line: string; number: number }> {
	let joined = "";
	let first = 0;
	let number = 0;
	for (let start = 0; start < text.length; ) {
		const end = text.indexOf("\n", start);
		const stop = end === -1 ? text.length : end;
		const line = text.slice(start, text[stop - 1] === "\r" ? stop - 1 : stop);
		start = stop + 1;
		number++;
		if (joined === "") first = number;
		if (line.endsWith("\\") && joined.length < maxJoined) {
			joined += line.slice(0, -1);
			continue;
		}
		yield { line: joined + line, number: first };
		joined = "";
	}
	if (joined !== "") yield { line: joined, number: first };
}

function sidIn(line: string): number | undefined {
	const match = /[;(\s]sid\s*:\s*([0-9]{1,10})\s*;/.exec(line);
	return match === null ? undefined : Number(match[1]);
}

/** More than twice what the largest known rule set has. */
export const maxRules = 200_000;
const maxJoined = 65_536;
