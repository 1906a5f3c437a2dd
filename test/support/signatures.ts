/** Signatures out of a few options, for tests. */
import assert from "node:assert/strict";
import { compileSignature } from "#signature/compile-signature.ts";
import { parseRuleLine } from "#signature/parse-rule.ts";
import { defaultVariables, HeaderCompiler } from "#signature/rule-address.ts";
import type { Signature } from "#signature/signature.ts";

export const anyHttp = "alert http any any -> any any";
export const anyTls = "alert tls any any -> any any";
export const anyTcp = "alert tcp any any -> any any";

/** The signature of a rule with these options and `sid:1;`. */
export function signatureOf(options: string, header = anyHttp): Signature {
	const compiled = compile(options, header);
	if (compiled.kind === "disabled") assert.fail(`${options}: ${compiled.problem.where}: ${compiled.problem.reason}`);
	return compiled.signature;
}

/** Why a rule with these options is disabled, as `keyword: reason`. */
export function problemOf(options: string, header = anyHttp): string {
	const compiled = compile(options, header);
	if (compiled.kind === "signature") assert.fail(`${options} was accepted`);
	return `${compiled.problem.where}: ${compiled.problem.reason}`;
}

function compile(options: string, header: string) {
	const parsed = parseRuleLine(`${header} (${options} sid:1;)`);
	if (parsed.kind !== "rule") assert.fail(`${options}: ${JSON.stringify(parsed)}`);
	return compileSignature(parsed.rule, new HeaderCompiler(defaultVariables));
}
