/**
 * Every source file has its test beside it, but for files that hold nothing but types. `scripts/untested.json` names those that have none, each with its reason;
 * an entry that is no longer true is a fault, so that the list only shrinks.
 */
import { stripTypeScriptTypes } from "node:module";
import { blankText } from "./code-text.ts";
import { listSources, readText } from "./source-files.ts";

/** Every file without a test and every stale exception. */
export function checkTestsBeside(root: string): string[] {
	const files = listSources(root);
	const present = new Set(files);
	const exceptions = JSON.parse(readText(root, "scripts/untested.json")) as Record<string, unknown>;
	const faults: string[] = [];
	for (const file of files) {
		if (file.endsWith(".test.ts")) {
			const tested = file.replace(/\.test\.ts$/, ".ts");
			if (!present.has(tested)) faults.push(`${file}: its source file ${tested} does not exist`);
		} else if (!present.has(testOf(file)) && exceptions[file] === undefined && hasCode(readText(root, file))) {
			faults.push(`${file}: has no ${testOf(file)} beside it`);
		}
	}
	for (const [file, reason] of Object.entries(exceptions)) {
		if (!present.has(file)) faults.push(`scripts/untested.json: ${file} does not exist; remove the entry`);
		else if (present.has(testOf(file))) faults.push(`scripts/untested.json: ${file} has a test now; remove the entry`);
		else if (typeof reason !== "string" || reason.length < 10)
			faults.push(`scripts/untested.json: ${file} needs a reason`);
	}
	return faults;
}

/** True when something is left to run once types, comments and imports are taken away. */
function hasCode(source: string): boolean {
	return (
		blankText(stripTypeScriptTypes(source))
			.replace(/\bimport\b[^;]*;|\bexport\s*\{\s*\};?/g, "")
			.replace(/[\s;]/g, "") !== ""
	);
}

function testOf(file: string): string {
	return file.replace(/\.ts$/, ".test.ts");
}
