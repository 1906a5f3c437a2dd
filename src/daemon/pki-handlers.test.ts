import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { defaultConfiguration } from "#daemon/default-configuration.ts";
import { commandWorld, runHandler as run, type World } from "../../test/support/command-world.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

const corp = makeCertificate({ subject: "O=Corp,CN=Corp Root", isCa: true });
const between = makeCertificate({ subject: "O=Corp,CN=Between", isCa: true, issuer: corp });
const day = 86_400_000;
const old = makeCertificate({
	subject: "CN=Old",
	isCa: true,
	notBefore: Date.now() - 9 * day,
	notAfter: Date.now() - day,
});
const configuration = `${defaultConfiguration(false)}
security { pki { ca-profile corp { ca-identity corp; } ca-profile other { ca-identity other; }
	default-trust-store { exclude ${old.certificate.fingerprint}; } } }`;

function bring(world: World, content: string): string {
	const file = join(world.gateway.state.path, "brought.pem");
	writeFileSync(file, content);
	return file;
}

/** Shows the fingerprint, then loads, as a session does once the question was answered with yes. */
async function confirm(
	world: World,
	handler: "ca-certificate-load" | "ca-certificate-replace" | "ca-group-load",
	values: Record<string, string>,
): Promise<string> {
	return (await run(world, "ca-file-show", { ...values, for: handler })) + (await run(world, handler, values));
}

test("R93 R95: a CA certificate is shown by its fingerprints, loaded, listed, verified and cleared", async (t) => {
	const world = await commandWorld(t, { configuration });
	const loaded = await confirm(world, "ca-certificate-load", {
		"ca-profile": "corp",
		filename: bring(world, corp.pem),
	});
	assert.match(
		loaded,
		/^Fingerprint:\n {4}([0-9a-f]{2}:){19}[0-9a-f]{2} \(sha1\)\n {4}.* \(md5\)\n {4}.* \(sha256\)\n/,
	);
	assert.match(loaded, /\nCA certificate for profile corp loaded successfully\n$/);
	assert.deepEqual(world.applied.at(-1), "trust: corp");
	assert.match(
		await run(world, "show-ca-certificate"),
		/^Certificate identifier: corp\n {2}Issued to: Corp Root, Issued by: O = Corp, CN = Corp Root\n[\s\S]*Status: Valid\n/,
	);
	assert.match(
		await run(world, "show-ca-certificate", { "ca-profile": "corp", detail: "" }),
		/Loaded: .* from .*brought/,
	);
	const [row] = JSON.parse(await run(world, "show-ca-certificate", {}, true));
	assert.equal(row.sha256, corp.certificate.fingerprint);
	assert.equal(row.status, "Valid");
	assert.equal(
		await run(world, "ca-certificate-verify", { "ca-profile": "corp" }),
		"CA certificate corp verified successfully\n",
	);
	assert.equal(await run(world, "ca-certificate-clear", { "ca-profile": "corp" }), "1 CA profile cleared\n");
	assert.equal(await run(world, "show-ca-certificate"), "No CA certificate is loaded\n");
	await assert.rejects(run(world, "ca-certificate-verify", { "ca-profile": "corp" }), /no certificate is loaded/);
	await assert.rejects(run(world, "show-ca-certificate", { "ca-profile": "corp" }), /no certificate is loaded/);
	await assert.rejects(run(world, "ca-certificate-clear", { "ca-profile": "corp" }), /no certificate is loaded/);
	assert.equal(await run(world, "ca-certificate-clear", { "ca-profile": "all" }), "0 CA profiles cleared\n");
});

test("R82 R83 R108: an intermediate has no trust anchor until its root is loaded", async (t) => {
	const world = await commandWorld(t, { configuration });
	const loaded = await confirm(world, "ca-certificate-load", {
		"ca-profile": "other",
		filename: bring(world, between.pem),
	});
	assert.match(loaded, /warning: CN=Between,O=Corp: No Trust Anchor: .*Corp Root/);
	await assert.rejects(run(world, "ca-certificate-verify", { "ca-profile": "other" }), /No Trust Anchor/);
	await confirm(world, "ca-certificate-load", { "ca-profile": "corp", filename: bring(world, corp.pem) });
	assert.match(await run(world, "show-ca-certificate", { "ca-profile": "other" }), /Status: Valid/);
});

test("R86: replacing keeps the certificate before, which is listed as replaced", async (t) => {
	const world = await commandWorld(t, { configuration });
	const values = { "ca-profile": "corp", filename: bring(world, corp.pem) };
	await confirm(world, "ca-certificate-load", values);
	bring(world, old.pem);
	const replaced = await confirm(world, "ca-certificate-replace", values);
	assert.match(replaced, /kept as corp_REPLACED\n/);
	assert.match(replaced, /warning: CN=Old: Expired/);
	const list = await run(world, "show-ca-certificate");
	assert.match(list, /identifier: corp_REPLACED\n[\s\S]*Status: Replaced/);
	assert.match(list, /identifier: corp\n[\s\S]*Status: Expired/);
	const file = join(world.gateway.state.path, "out.pem");
	assert.match(
		await run(world, "ca-certificate-export", { "ca-profile": "corp", filename: file }),
		/^1 certificate exported/,
	);
});

test("R96 R97 R98: a group is loaded with its count, its members are numbered, and it goes as a whole", async (t) => {
	const world = await commandWorld(t, { configuration });
	const values = { "ca-group-name": "web", filename: bring(world, corp.pem + between.pem + corp.pem) };
	const loaded = await confirm(world, "ca-group-load", values);
	assert.match(
		loaded,
		/Loading 3 certificates for group 'web'\.\nweb_1: Loading done\.\nweb_2: Loading done\.\nSkipped: certificate 3 .* twice\nca-profile-group 'web' successfully loaded\. Success\[2\] Skipped\[1\]\n/,
	);
	const list = await run(world, "show-ca-group", { "ca-profile-group": "web" });
	assert.match(list, /identifier: web_1\n[\s\S]*identifier: web_2\n/);
	assert.equal(await run(world, "ca-group-clear", { "ca-profile-group": "web" }), "ca-profile-group 'web' cleared\n");
	await assert.rejects(run(world, "show-ca-group", { "ca-profile-group": "web" }), /does not exist/);
	assert.match(
		await confirm(world, "ca-group-load", { "ca-group-name": "publics", filename: "default" }),
		/^Loading \d{3} certificates for group 'publics'\./,
	);
});

test("a file is refused before anybody is asked whether to load it", async (t) => {
	const world = await commandWorld(t, { configuration });
	const show = (values: Record<string, string>) => run(world, "ca-file-show", values);
	const filename = bring(world, corp.pem);
	await assert.rejects(show({ for: "ca-certificate-load", "ca-profile": "nobody", filename }), /not configured/);
	await assert.rejects(show({ for: "ca-certificate-replace", "ca-profile": "corp", filename }), /load one instead/);
	await assert.rejects(show({ for: "ca-group-load", "ca-group-name": "ca", filename }), /reserved/);
	await assert.rejects(
		show({ for: "ca-certificate-load", "ca-profile": "corp", filename: "/nowhere" }),
		/does not exist on the gateway/,
	);
});
