import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FaultError } from "#base/fault.ts";
import { parseText } from "#config/text.ts";
import { defaultConfiguration, ownCaIds, trustedCaId, untrustedCaId } from "#daemon/default-configuration.ts";
import { checkedBefore, loadConfiguration, parseConfiguration } from "#daemon/load-configuration.ts";
import { rootSchema } from "#product/root-schema.ts";

const ids = new Set(ownCaIds);

function file(t: TestContext, text: string): string {
	const path = mkdtempSync(join(tmpdir(), "configuration-"));
	t.after(() => rmSync(path, { recursive: true }));
	writeFileSync(join(path, "gateway.conf"), text);
	return join(path, "gateway.conf");
}

function refusal(run: () => unknown): string {
	try {
		run();
	} catch (error) {
		assert.ok(error instanceof FaultError, String(error));
		return error.message;
	}
	return assert.fail("it was not refused");
}

test("a file is read, checked and kept as text", (t) => {
	const text = defaultConfiguration(false);
	const loaded = loadConfiguration(file(t, text), ids);
	assert.equal(loaded.text, text);
	assert.equal(loaded.config.services.ssl.proxy.profile.get("inspect")?.rootCa, trustedCaId);
	assert.deepEqual(loaded.warnings, []);
});

test("a file that is not there is named", () => {
	assert.match(
		refusal(() => loadConfiguration("/nowhere/gateway.conf", ids)),
		/\/nowhere\/gateway\.conf cannot be read/,
	);
});

test("a syntax error names file, line, column, path and what was expected", (t) => {
	const path = file(t, "services {\n    gatewai {\n    }\n}\n");
	const message = refusal(() => loadConfiguration(path, ids));
	assert.match(message, /gateway\.conf:2:\(5\)/);
	assert.match(message, /\[edit services\]/);
	assert.match(message, /did you mean 'gateway'/);
	assert.match(message, /correct .* and start again/);
});

test("a CA that does not exist is refused with those that do", () => {
	const text = defaultConfiguration(false).replace(trustedCaId, "corp");
	const message = refusal(() => parseConfiguration(text, "x", ids));
	assert.match(
		message,
		/\[edit services ssl proxy profile inspect\]\n {2}'root-ca'\n {4}certificate 'corp' does not exist/,
	);
	assert.match(message, new RegExp(untrustedCaId));
});

test("a dangerous statement loads with a warning that says danger", () => {
	const text = defaultConfiguration(false).replace("actions {", "actions { ignore-server-auth-failure;");
	const { warnings } = parseConfiguration(text, "x", ids);
	assert.match(warnings.join("\n"), /danger/);
});

test("R13: decryption without an inspection service is a bypass with a warning, not a silent one", () => {
	const text = defaultConfiguration(false).replace("pattern-policy standard;\n                        }", "}");
	const { warnings } = parseConfiguration(text, "x", ids);
	assert.match(warnings.join("\n"), /no inspection service is attached/);
});

test("a worker takes what was checked before, and no text that cannot be read", () => {
	const text = defaultConfiguration(false);
	assert.deepEqual(checkedBefore(parseText(rootSchema, text)), parseConfiguration(text, "x", ids).config);
	assert.match(
		refusal(() => checkedBefore(parseText(rootSchema, "nonsense"))),
		/^configuration:1:\(9\) missing/,
	);
});
