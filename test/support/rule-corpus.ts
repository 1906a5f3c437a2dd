/** A part of Emerging Threats Open of 2021 (BSD licence beside it): a real rule set, for tests, benchmark and reference. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { projectRoot } from "../../scripts/source-files.ts";

/** The text, one char per octet. */
export function ruleCorpus(root = projectRoot): string {
	const file = join(root, "test/data/signatures/emerging-threats-open-2021.rules.gz");
	return gunzipSync(readFileSync(file)).toString("latin1");
}
