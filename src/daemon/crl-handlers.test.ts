import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { defaultConfiguration } from "#daemon/default-configuration.ts";
import { commandWorld, runHandler as run, type World } from "../../test/support/command-world.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";
import { makeCrl } from "../../test/support/make-crl.ts";

const corp = makeCertificate({ subject: "O=Corp,CN=Corp Root", isCa: true });
const configuration = `${defaultConfiguration(false)} security { pki { ca-profile corp { ca-identity corp; } } }`;

async function corpWorld(t: Parameters<typeof commandWorld>[0]): Promise<{ world: World; file: string }> {
	const world = await commandWorld(t, { configuration });
	writeFileSync(join(world.gateway.state.trust, "corp.pem"), corp.pem);
	const file = join(world.gateway.state.path, "brought.crl");
	writeFileSync(file, makeCrl({ issuer: corp, revoked: [{ serial: 0x1234n }] }).der);
	return { world, file };
}

test("a revocation list is loaded, shown in two forms, and cleared", async (t) => {
	const { world, file } = await corpWorld(t);
	assert.equal(await run(world, "show-crl"), "No revocation list is loaded or fetched\n");
	const values = { "ca-profile": "corp", filename: file };
	assert.equal(await run(world, "crl-load", values), "CRL for CA profile corp loaded successfully\n");
	const brief = await run(world, "show-crl", { "ca-profile": "corp" });
	assert.match(
		brief,
		/^CA profile: corp\n {2}CRL version: V00000002\n {2}CRL issuer: .*Corp Root.*\n {2}Effective date: /,
	);
	assert.doesNotMatch(brief, /Serial number/);
	assert.match(await run(world, "show-crl", { detail: "" }), /Revocation List:\n {4}Serial number .*\n {4}1234 /);
	assert.equal(JSON.parse(await run(world, "show-crl", {}, true)).loaded[0].entries, 1);
	assert.equal(await run(world, "crl-clear", { "ca-profile": "corp" }), "1 revocation list cleared\n");
	await assert.rejects(run(world, "show-crl", { "ca-profile": "corp" }), /no revocation list of ca-profile "corp"/);
	assert.deepEqual(world.applied.slice(-2), ["lists: 1", "lists: 0"]);
});

test("a list that has run out is loaded with a warning", async (t) => {
	const { world, file } = await corpWorld(t);
	const hour = 3_600_000;
	writeFileSync(file, makeCrl({ issuer: corp, thisUpdate: Date.now() - 2 * hour, nextUpdate: Date.now() - hour }).der);
	assert.match(await run(world, "crl-load", { "ca-profile": "corp", filename: file }), /warning: it has run out/);
});

test("lists that workers fetched stand behind, those of the CA profile alone when it is named", async (t) => {
	const { world } = await corpWorld(t);
	const facts = { version: 2, thisUpdate: 0, nextUpdate: undefined, entries: 7 };
	world.gateway.crls.note({ ...facts, url: "http://crl.example/a", issuer: corp.certificate.subject.text });
	world.gateway.crls.note({ ...facts, url: "http://crl.example/b", issuer: "CN=Other" });
	assert.match(
		await run(world, "show-crl"),
		/Fetched from: http:\/\/crl\.example\/a\n(.*\n)*Fetched from: http:\/\/crl\.example\/b/,
	);
	const one = await run(world, "show-crl", { "ca-profile": "corp" });
	assert.match(one, /crl\.example\/a/);
	assert.doesNotMatch(one, /crl\.example\/b/);
	assert.equal(await run(world, "crl-clear", { all: "" }), "0 revocation lists cleared\n");
	assert.equal(await run(world, "show-crl"), "No revocation list is loaded or fetched\n");
});

test("clearing asks for one of its two forms", async (t) => {
	const { world } = await corpWorld(t);
	await assert.rejects(run(world, "crl-clear"), /expected either all or ca-profile NAME/);
	await assert.rejects(run(world, "crl-clear", { all: "", "ca-profile": "corp" }), /expected either/);
});
