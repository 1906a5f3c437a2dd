import assert from "node:assert/strict";
import { test } from "node:test";
import { compileGateway } from "#proxy/compile.ts";
import { defaultLeafSettings } from "#proxy/leaf-settings.ts";
import { configOf } from "../../test/support/config-text.ts";

const leavesOf = (text: string) => compileGateway(configOf(text)).leaves;

test("a configuration that says nothing has the default settings, with the gateway's own name", () => {
	assert.deepEqual(leavesOf(""), { ...defaultLeafSettings, crlHost: "sallyport.test" });
});

test("the statements of global-config are what the settings say", () => {
	const statements = "maximum-certificate-lifetime 10; certificate-cache-timeout 60; session-cache-timeout 120;";
	const global = (text: string) => `services { ssl { proxy { global-config { ${text} } } } }`;
	assert.deepEqual(leavesOf(global(statements)), {
		maximumLifetimeMs: 864_000_000,
		crlHost: "sallyport.test",
		keepMs: 60_000,
		sessionSeconds: 120,
	});
	assert.equal(leavesOf(global("disable-cert-cache;")).keepMs, 0);
	assert.equal(leavesOf("services { gateway { onboarding { disable; } } }").crlHost, undefined);
});
