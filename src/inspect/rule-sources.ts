/** `security idp rules url`: where rules are fetched, and in which file each is kept. */
import { type FeedSource, fetchedFile } from "#inspect/compile-precedence.ts";
import type { IdpConfig } from "#inspect/idp-schema.ts";

/** Of the state directory. */
export const ruleDirectory = "idp-rules";

export function compileRuleSources({ rules: { url: urls, updateInterval } }: IdpConfig): readonly FeedSource[] {
	return [...new Set(urls)].map((url) => {
		const file = fetchedFile("rules", url);
		return {
			name: file,
			url,
			file,
			credentials: undefined,
			format: "text",
			maximumEntries: maxRules,
			maxOctets,
			updateMs: updateInterval * 3_600_000,
			content: "rules",
		};
	});
}

/** What a worker reads of one file. */
const maxOctets = 67_108_864;
const maxRules = 200_000;
