import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { defaultConfiguration } from "#daemon/default-configuration.ts";
import { showAuthorityFile, showDefaultStore } from "#daemon/show-trust.ts";
import { commandWorld, newStateDirectory } from "../../test/support/command-world.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

const corp = makeCertificate({ subject: "O=Corp,CN=Corp Root", isCa: true });
const day = 86_400_000;
const dates = { notBefore: Date.now() - 9 * day, notAfter: Date.now() - day };
const old = makeCertificate({ subject: "CN=Old", isCa: true, ...dates });
const exclude = (fingerprint: string) => `${defaultConfiguration(false)}
security { pki { default-trust-store { exclude ${fingerprint}; } } }`;

test("R104 R107: the default store tells how many roots, from where and when, what is left out and what has expired", async (t) => {
	const world = await commandWorld(t, { configuration: exclude(old.certificate.fingerprint) });
	const show = (values = {}, isJson = false) => [...showDefaultStore(world, values, isJson)].join("");
	assert.match(show(), /^Default trust store: enabled\n +1\d\d root certificates of the runtime, Node v26/);
	const file = join(world.gateway.state.path, "brought.pem");
	writeFileSync(file, corp.pem + old.pem);
	await world.gateway.trust.loadDefaultRoots({ file }, "pat");
	const after = show({ detail: "" });
	assert.match(after, / 2 added from .*brought\.pem, 20\d\d-\d\d-\d\d /);
	assert.match(after, / 1 excluded\n/);
	assert.match(after, / [1-9]\d* expired\n/);
	assert.match(after, / {2}Expired: CN=Old\n/);
	assert.match(after, new RegExp(`${corp.certificate.fingerprint} {2}file {9}until .* CN=Corp Root,O=Corp\n`));
	assert.match(after, new RegExp(`${old.certificate.fingerprint} {2}excluded `));
	const facts = JSON.parse(show({}, true));
	assert.equal(facts.excluded, 1);
	assert.equal(facts.added[0].certificates, 2);
});

test("a disabled default store has nothing in force; a file of the configuration is named with its date", async (t) => {
	const path = join(newStateDirectory(t), "roots.pem");
	writeFileSync(path, corp.pem);
	const configuration = `${defaultConfiguration(false)}
security { pki { default-trust-store { disable; file ${path}; } } }`;
	const world = await commandWorld(t, { configuration });
	const text = [...showDefaultStore(world, {}, false)].join("");
	assert.match(text, /^Default trust store: disabled\n/);
	assert.ok(text.includes(` 1 added from ${path}, `));
	assert.match(text, / 0 in force\n/);
});

test("of a large file the first fingerprints are shown, and how many follow", () => {
	const certificates = Array.from({ length: 25 }, () => corp.certificate);
	const text = showAuthorityFile({ certificates, passedOver: ["certificate 26: odd \u001b"] });
	assert.equal(text.match(/Fingerprint of CN=Corp Root,O=Corp:/g)?.length, 20);
	assert.match(text, /and 5 more\nPassed over: certificate 26: odd \\x1b\n$/);
	const odd = Array.from({ length: 22 }, (_, index) => `certificate ${index}: odd`);
	assert.match(
		showAuthorityFile({ certificates: [], passedOver: odd }),
		/certificate 19: odd\nand 2 more passed over\n$/,
	);
});
