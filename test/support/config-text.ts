/** Configuration text read by the root schema, for the tests of statements. */
import assert from "node:assert/strict";
import { check } from "#config/check.ts";
import type { Finding } from "#config/finding.ts";
import { printText } from "#config/print-text.ts";
import { formatTextError, parseText } from "#config/text.ts";
import { type RootConfig, rootSchema, verifyConfiguration } from "#product/root-schema.ts";

/** The checked configuration of a text without errors. */
export function configOf(text: string): RootConfig {
	const { tree, errors } = parseText(rootSchema, text);
	assert.deepEqual(
		errors.map((error) => formatTextError("text", error)),
		[],
	);
	const { snapshot, errors: refused } = check(rootSchema, tree);
	assert.deepEqual(refused.map(oneLine), []);
	return snapshot as RootConfig;
}

/** The text as it is printed. */
export function printedForm(text: string): string {
	const { tree, errors } = parseText(rootSchema, text);
	assert.deepEqual(
		errors.map((error) => formatTextError("text", error)),
		[],
	);
	return printText(rootSchema, tree);
}

/**
 * Every error and warning of a text, one a line: `error security log stream s: 'format' binary is ...`. Left out is that
 * nothing acts on a statement yet. Signing certificates named `ca` and `untrusted-ca` exist.
 */
export function findingsOf(text: string): string[] {
	const { tree, errors } = parseText(rootSchema, text);
	if (errors.length > 0) return errors.map((error) => formatTextError("text", error));
	const { snapshot, errors: refused, warnings } = check(rootSchema, tree);
	const facts = { caIds: new Set(["ca", "untrusted-ca"]) };
	const more = snapshot === undefined ? [] : verifyConfiguration(snapshot as RootConfig, facts);
	return [...refused, ...warnings, ...more].map(oneLine).filter((line) => !line.endsWith(withoutEngine));
}

export function oneLine({ severity, path, statement, message }: Finding): string {
	return `${severity} ${[...path, ...(statement === undefined ? [] : [`'${statement}'`])].join(" ")}: ${message}`;
}

const withoutEngine = "nothing acts on it in this version";
