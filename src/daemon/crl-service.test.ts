import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { CrlService } from "#daemon/crl-service.ts";
import { configOf } from "../../test/support/config-text.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";
import { makeCrl } from "../../test/support/make-crl.ts";

const corp = makeCertificate({ subject: "CN=Corp", isCa: true });
const other = makeCertificate({ subject: "CN=Corp", isCa: true });
const config = configOf("security { pki { ca-profile corp { ca-identity c; } ca-profile empty { ca-identity e; } } }");

function service(t: TestContext, path = mkdtempSync(join(tmpdir(), "crl-service-"))) {
	t.after(() => rmSync(path, { recursive: true, force: true }));
	const told: string[] = [];
	const state = { refuses: false };
	const crls = new CrlService(
		{
			directory: join(path, "loaded"),
			config: () => config,
			certificates: (profile) => (profile === "corp" ? [corp.certificate] : []),
			apply: async () => {
				if (state.refuses) throw new Error("a worker refuses");
				told.push("applied");
			},
			forgetFetched: () => told.push("forgotten"),
			report: (change, user) => told.push(`${user}: ${change}`),
		},
		(_, why) => told.push(`unreadable: ${why}`),
	);
	const file = (content: string | Uint8Array) => {
		writeFileSync(join(path, "brought"), content);
		return join(path, "brought");
	};
	return { crls, told, state, file, path };
}

const hex = (octets: Uint8Array) => Buffer.from(octets).toString("hex");
const list = makeCrl({ issuer: corp, revoked: [{ serial: 5n }] });
const pem = `-----BEGIN X509 CRL-----\n${Buffer.from(list.der).toString("base64")}\n-----END X509 CRL-----\n`;

test("a list is loaded in DER or PEM, told to the workers, and there again after a restart", async (t) => {
	for (const content of [list.der, pem]) {
		const { crls, told, file, path } = service(t);
		await crls.load("corp", file(content), "pat");
		assert.deepEqual(
			crls.loaded().map(({ profile, crl }) => [profile, crl.entryCount]),
			[["corp", 1]],
		);
		assert.deepEqual(crls.current().map(hex), [hex(list.der)]);
		assert.equal(told[0], "applied");
		assert.match(told[1] ?? "", /^pat: the revocation list of ca-profile corp was loaded from /);
		assert.equal(statSync(join(path, "loaded/corp.crl")).mode & 0o777, 0o600);
		assert.deepEqual(service(t, path).crls.current().map(hex), [hex(list.der)]);
	}
});

test("what is no list, or is signed by nobody of the CA profile, is refused with the reason", async (t) => {
	const { crls, file, told } = service(t);
	for (const [profile, content, why] of [
		["corp", "garbage", /cannot be used/],
		["corp", makeCrl({ issuer: other }).der, /is not signed by a certificate of ca-profile "corp"/],
		["corp", makeCrl({ issuer: corp, hasBrokenSignature: true }).der, /is not signed/],
		["empty", list.der, /holds no certificate/],
		["absent", list.der, /is not configured/],
	] as const)
		await assert.rejects(crls.load(profile, file(content), "pat"), why);
	await assert.rejects(crls.load("corp", "relative", "pat"), /absolute path/);
	await assert.rejects(crls.load("corp", "/dev/zero", "pat"), /expected a regular file/);
	await assert.rejects(crls.load("corp", "/nowhere/at/all", "pat"), /does not exist on the gateway/);
	assert.deepEqual([crls.current(), told], [[], []]);
});

test("when a worker refuses, the list before stays", async (t) => {
	const { crls, file, state, path } = service(t);
	await crls.load("corp", file(list.der), "pat");
	state.refuses = true;
	const newer = makeCrl({ issuer: corp, number: 2n });
	await assert.rejects(crls.load("corp", file(newer.der), "pat"), /refuses/);
	await assert.rejects(crls.clear("corp", "pat"), /refuses/);
	assert.deepEqual(crls.current().map(hex), [hex(list.der)]);
	assert.deepEqual(readdirSync(join(path, "loaded")), ["corp.crl"]);
});

test("lists are cleared by CA profile, or all together with what was fetched", async (t) => {
	const { crls, file, told } = service(t);
	await crls.load("corp", file(list.der), "pat");
	await assert.rejects(crls.clear("empty", "pat"), /no revocation list is loaded/);
	crls.note({ url: "http://a.example/", version: 2, issuer: "CN=x", thisUpdate: 1, nextUpdate: 2, entries: 3 });
	assert.equal(await crls.clear("corp", "pat"), 1);
	assert.equal(crls.fetched().length, 1);
	assert.equal(await crls.clear(undefined, "pat"), 0);
	assert.deepEqual([crls.current(), crls.fetched(), told.includes("forgotten")], [[], [], true]);
});

test("what workers tell is bounded in number and length, and times that are none are not taken", (t) => {
	const { crls } = service(t);
	const fact = { version: 2, issuer: "x".repeat(9_999), thisUpdate: 1, nextUpdate: 2, entries: 3 };
	for (let index = 0; index < 300; index++) crls.note({ ...fact, url: `http://a.example/${index}` });
	assert.equal(crls.fetched().length, 256);
	assert.equal(crls.fetched()[0]?.issuer.length, 512);
	crls.note({ ...fact, url: "http://b.example/", thisUpdate: Number.NaN });
	assert.ok(!crls.fetched().some(({ url }) => url === "http://b.example/"));
});

test("a file that was damaged is passed over and told", async (t) => {
	const { crls, file, path } = service(t);
	await crls.load("corp", file(list.der), "pat");
	writeFileSync(join(path, "loaded/corp.crl"), "damaged");
	const again = service(t, path);
	assert.deepEqual(again.crls.current(), []);
	assert.match(again.told[0] ?? "", /^unreadable: /);
});
