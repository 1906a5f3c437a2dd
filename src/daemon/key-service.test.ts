import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ownCaIds } from "#daemon/default-configuration.ts";
import { KeyService } from "#daemon/key-service.ts";
import { parseConfiguration } from "#daemon/load-configuration.ts";
import { openStateDirectory, type StateDirectory } from "#daemon/state-directory.ts";
import type { RootConfig } from "#product/root-schema.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

function newState(t: TestContext): StateDirectory {
	const path = mkdtempSync(join(tmpdir(), "sallyport-key-service-"));
	t.after(() => rmSync(path, { recursive: true, force: true }));
	return openStateDirectory(path);
}

function config(pki: string): RootConfig {
	return parseConfiguration(`security { pki { ${pki} } }`, "test", new Set()).config;
}

function opened(state: StateDirectory, pki = ""): KeyService {
	const keys = new KeyService(state);
	keys.open(config(pki), Date.now());
	return keys;
}

test("names are known before the store is opened: our own, what is stored, and plain files", (t) => {
	const state = newState(t);
	assert.deepEqual([...new KeyService(state).signerIds()], ownCaIds);
	const made = makeCertificate({ isCa: true });
	writeFileSync(join(state.keys, "corp.key"), made.keyPem);
	writeFileSync(join(state.keys, "corp.crt"), made.pem);
	const all = ["corp", ...ownCaIds].sort();
	assert.deepEqual([...new KeyService(state).signerIds()].sort(), all);
	const keys = opened(state);
	assert.deepEqual([...keys.signerIds()].sort(), all);
	assert.deepEqual([...new KeyService(state).signerIds()].sort(), all);
	assert.deepEqual(
		[...keys.authorities(["corp"], Date.now()).values()].map(({ ca: { id }, isNew }) => `${id} ${isNew}`),
		["sallyport-ca true", "sallyport-untrusted-ca true", "corp false"],
	);
	assert.throws(() => keys.authorities(["none"], Date.now()), /certificate "none": there is no such certificate/);
});

test("a passphrase file is relative to the state directory; the protection follows the configuration", (t) => {
	const state = newState(t);
	writeFileSync(join(state.path, "passphrase"), "secret", { mode: 0o600 });
	const keys = opened(state, "key-store { passphrase-file passphrase; }");
	assert.deepEqual([keys.store.protection, keys.alarms()], ["passphrase", []]);
	keys.protect(config(""));
	assert.equal(keys.store.protection, "key-file");
	assert.match(keys.alarms()[0]?.text ?? "", /keys\/master-key/);
	assert.throws(
		() => keys.protect(config("key-store { passphrase-file none; }")),
		/\/none cannot be used: the passphrase cannot be read/,
	);
	assert.equal(keys.store.protection, "key-file", "as before");
});

test("R90: without persistence every signing CA is made anew at a start", (t) => {
	const state = newState(t);
	const made = makeCertificate({ isCa: true });
	const first = opened(state, "persist-private-keys disable;");
	const entry = { id: "corp", created: 1, isExportable: false, certificates: [made.der], key: made.privateKey };
	first.store.change({ put: [entry] });
	assert.equal(first.authorities(["corp"], Date.now()).get("corp")?.isNew, false);
	const second = opened(state, "persist-private-keys disable;");
	const authorities = second.authorities(["corp"], Date.now());
	assert.deepEqual(
		[...authorities.values()].map(({ isNew }) => isNew),
		[true, true, true],
	);
	assert.match(second.alarms()[0]?.text ?? "", /CAs are made anew at the next start/);
});
