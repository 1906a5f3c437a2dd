/** Cases of a conformance suite in which the product deviates on purpose (test/conformance/skips.json). */
import { readFileSync } from "node:fs";

/** The reasons by case. A reason is a sentence of the RFC that the deviation keeps, with its place. */
export function readSkips(suite: string): ReadonlyMap<string, string> {
	const text = readFileSync(new URL("../conformance/skips.json", import.meta.url), "utf8");
	const suites = JSON.parse(text) as Record<string, Record<string, string>>;
	return new Map(Object.entries(suites[suite] ?? {}));
}
