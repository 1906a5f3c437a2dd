import assert from "node:assert/strict";
import { test } from "node:test";
import { type ClientSteps, clientSteps, fillIn, saveCommand, stepsFor } from "#onboarding/client-steps.ts";
import { stepValues } from "#onboarding/site.ts";

const values = stepValues("sallyport.test", "[2001:db8::1]:8080", undefined);
const textsOf = (row: ClientSteps) => [
	row.title,
	row.note ?? "",
	row.check ?? "",
	...row.steps.flatMap(({ says, run = "", file }) => [says, run, file?.path ?? "", file?.text ?? ""]),
];

test("R53 R64: there are steps for every client that is promised", () => {
	const names = clientSteps.map(({ name }) => name);
	assert.equal(new Set(names).size, names.length);
	for (const name of [
		...["windows", "windows-gpo", "macos", "debian", "fedora", "ios", "android"],
		...["firefox", "firefox-policies", "chromium-linux"],
		...["node", "python", "java", "git", "curl", "docker"],
	])
		assert.equal(stepsFor(name)?.name, name);
	assert.equal(stepsFor("amiga"), undefined);
});

test("every word in braces is one that is filled in, or plainly code", () => {
	for (const row of clientSteps) {
		for (const text of textsOf(row))
			assert.doesNotMatch(fillIn(text, values), /\{(?:proxy|page|check|sha)\w*\}/, `${row.name}: ${text}`);
	}
	assert.equal(
		fillIn("{proxyHost} {proxyPort} {page} {constructor} {x}", values),
		"[2001:db8::1] 8080 http://sallyport.test/ {constructor} {x}",
	);
});

test("a row's steps use the file that it says to save", () => {
	for (const { name, needs, steps } of clientSteps) {
		if (needs === undefined) continue;
		const used = steps.some(({ says, run, file }) => `${says} ${run} ${file?.text}`.includes(needs));
		assert.ok(used || name === "windows-gpo" || name === "android", `${name} needs ${needs}`);
	}
});

test("no step switches checking off", () => {
	const lax = /--insecure|curl -k|NODE_TLS_REJECT_UNAUTHORIZED|sslVerify|verify\s*=\s*False|--trusted-host|strict-ssl/i;
	for (const row of clientSteps) for (const text of textsOf(row)) assert.doesNotMatch(text, lax, row.name);
	assert.doesNotMatch(saveCommand("sallyport-ca.pem"), lax);
});
