import assert from "node:assert/strict";
import { test } from "node:test";
import { compileRuleSources } from "#inspect/rule-sources.ts";
import { configOf, findingsOf } from "../../test/support/config-text.ts";

test("each URL has a file of its own, and is fetched as often as is said", () => {
	const of = (text: string) => compileRuleSources(configOf(`security { idp { rules { ${text} } } }`).security.idp);
	assert.deepEqual(of(""), []);
	const sources = of("url [ https://a.example/one.rules https://a.example/two.tar.gz ]; update-interval 2;");
	assert.deepEqual(
		sources.map(({ url, updateMs, content }) => [url, updateMs, content]),
		[
			["https://a.example/one.rules", 7_200_000, "rules"],
			["https://a.example/two.tar.gz", 7_200_000, "rules"],
		],
	);
	assert.equal(new Set(sources.map(({ file }) => file)).size, 2);
	assert.match(sources[0]?.file ?? "", /^rules-[0-9a-f]{16}$/);
});

test("a URL with a user in it is refused: it would stand in events", () => {
	const findings = findingsOf("security { idp { rules { url https://me:secret@a.example/x; } } }");
	assert.deepEqual(findings, ["error security idp rules 'url': it holds a user, which would stand in events"]);
});
