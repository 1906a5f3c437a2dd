import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { OwnCrls } from "#daemon/own-crls.ts";
import { type Authority, loadAuthority, openAuthority } from "#pki/authority-shell.ts";
import { type Crl, decodeCrl } from "#pki/crl.ts";
import { KeyStore } from "#pki/key-store-shell.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

const now = Date.UTC(2026, 10, 21, 12);
const day = 86_400_000;

function directory(t: TestContext): string {
	const path = mkdtempSync(join(tmpdir(), "sallyport-crls-"));
	t.after(() => rmSync(path, { recursive: true, force: true }));
	return path;
}

function storeOf(t: TestContext): KeyStore {
	return new KeyStore(directory(t), { isPersistent: true, passphraseFile: undefined }, now);
}

function authority(t: TestContext, id = "ca"): Authority {
	return openAuthority(storeOf(t), { id, title: "Test CA", lifetimeDays: 365 }, now);
}

function listOf(lists: ReadonlyMap<string, Uint8Array>, id = "ca"): Crl {
	const decoded = decodeCrl(lists.get(id) ?? new Uint8Array());
	assert.ok(decoded.kind === "done", JSON.stringify(decoded));
	return decoded.value;
}

test("K4: each signing CA gets a list for a week, kept in a file that only the owner reads", (t) => {
	const at = directory(t);
	const crls = new OwnCrls(at);
	const fresh = crls.renew([authority(t), authority(t, "other")], now);
	assert.deepEqual([...fresh.keys()], ["ca", "other"]);
	assert.deepEqual([...crls.current()], [...fresh]);
	assert.deepEqual(readdirSync(at).toSorted(), ["ca.crl", "other.crl"]);
	assert.equal(statSync(join(at, "ca.crl")).mode & 0o777, 0o600);
	const { thisUpdate, nextUpdate } = listOf(fresh);
	assert.deepEqual([thisUpdate, nextUpdate], [now - day / 24, now - day / 24 + 7 * day]);
});

test("K4: a list serves until half of its time is over, across restarts, and its successor has a greater number", (t) => {
	const at = directory(t);
	const ca = authority(t);
	const first = new OwnCrls(at).renew([ca], now);
	const again = new OwnCrls(at);
	assert.equal(again.renew([ca], now + 3 * day).size, 0);
	assert.deepEqual(Buffer.from(again.current().get("ca") ?? []), Buffer.from(first.get("ca") as Uint8Array));
	const second = again.renew([ca], now + 4 * day);
	assert.ok(numberOf(listOf(second)) > numberOf(listOf(first)));
	assert.deepEqual(Buffer.from(again.current().get("ca") ?? []), readFileSync(join(at, "ca.crl")));
});

test("K4: the number grows also when the clock was set back", (t) => {
	const at = directory(t);
	const ca = authority(t);
	const crls = new OwnCrls(at);
	const first = listOf(crls.renew([ca], now));
	const second = listOf(crls.renew([ca], now - 9 * day));
	assert.equal(numberOf(second), numberOf(first) + 1);
});

test("K4: a list of another key, or a file that is none, is replaced", (t) => {
	const at = directory(t);
	new OwnCrls(at).renew([authority(t)], now);
	const replaced = authority(t);
	assert.equal(new OwnCrls(at).renew([replaced], now).size, 1);
	writeFileSync(join(at, "ca.crl"), "no list");
	assert.equal(new OwnCrls(at).renew([replaced], now).size, 1);
});

test("K4: a CA whose certificate does not let it sign lists has none", (t) => {
	const store = storeOf(t);
	const made = makeCertificate({ subject: "CN=Own CA", isCa: true, keyUsage: ["keyCertSign"] });
	const entry = { id: "own", created: now, isExportable: false, certificates: [made.der], key: made.privateKey };
	store.change({ put: [entry] });
	const crls = new OwnCrls(directory(t));
	assert.equal(crls.renew([loadAuthority(store, "own")], now).size, 0);
	assert.equal(crls.current().size, 0);
});

test("the list of a CA that is no longer in use is forgotten", (t) => {
	const crls = new OwnCrls(directory(t));
	crls.renew([authority(t)], now);
	crls.renew([], now);
	assert.equal(crls.current().size, 0);
});

function numberOf(crl: Crl): number {
	return Number(BigInt(`0x${Buffer.from(crl.typed.number ?? []).toString("hex")}`));
}
