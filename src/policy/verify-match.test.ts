import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf } from "../../test/support/config-text.ts";

const says = (match: string, before = "") =>
	findingsOf(`${before} security { address-book { global { address net 10.0.0.0/8; address web { dns-name www.example; } } }
		policies { global { policy p { match { ${match} } then { deny; } } } } }`)
		.filter((line) => line.startsWith("error"))
		.map((line) => line.replace("error security policies global policy p match ", ""));
const everything = "source-address any; destination-address any; application any;";

test("a condition that nothing can tell refuses the commit, unless it is any", () => {
	const why = "this version cannot tell it, so the policy would match more than it says";
	assert.deepEqual(says(`${everything} source-identity staff;`), [`'source-identity': ${why}`]);
	assert.deepEqual(says(`${everything} dynamic-application junos:HTTP;`), [`'dynamic-application': ${why}`]);
	assert.deepEqual(says(`${everything} url-category any; source-identity any;`), []);
});

test("everybody cannot be excluded, and clients have no names", () => {
	assert.match(says(`${everything} source-address-excluded;`)[0] ?? "", /^'source-address-excluded': excludes 'any'/);
	assert.match(
		says("source-address web; destination-address net; application any;")[0] ?? "",
		/^'source-address': 'web' is a dns-name/,
	);
	assert.deepEqual(says("source-address net; destination-address web; application any; source-address-excluded;"), []);
});

test("an application that asks for source ports is refused where a policy uses it, also by way of a set", () => {
	const applications = `applications { application a { protocol tcp; source-port 1024-65535; }
		application-set s { application a; application junos-http; } }`;
	assert.deepEqual(says("source-address any; destination-address any; application s;", applications), [
		"'application': 'a' asks for source-port, which this version cannot tell",
	]);
	assert.deepEqual(says(everything, applications), []);
});
