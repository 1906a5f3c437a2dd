import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { LocalCertificateHandler } from "#cli/local-certificate-commands.ts";
import { localCertificateHandlers } from "#daemon/local-certificate-handlers.ts";
import { commandWorld, type World } from "../../test/support/command-world.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

async function opened(t: TestContext): Promise<World> {
	const world = await commandWorld(t);
	const { gateway } = world;
	gateway.keys.open(gateway.trust.config as Parameters<typeof gateway.keys.open>[0], Date.now());
	return world;
}

async function run(
	world: World,
	handler: LocalCertificateHandler,
	values: Record<string, string> = {},
	isJson = false,
) {
	const identity = { id: "cli-1", user: "alice", terminal: "p0", processId: 1, isInteractive: true };
	const request = { handler, values, isJson, identity, columns: 80, signal: new AbortController().signal };
	const output = localCertificateHandlers[handler](world, request);
	let text = "";
	for await (const piece of typeof output === "string" ? [output] : output) text += piece;
	return text;
}

const corp = { "certificate-id": "corp" };
const subject = { subject: "CN=Corp,O=Company", "domain-name": "gw.example, www.gw.example" };

test("R48 R51 R52: key pair, self-signed certificate and exports, in the words of Junos", async (t) => {
	const world = await opened(t);
	assert.equal(await run(world, "key-pair-generate", corp), "Generated key pair corp, key size 2048 bits\n");
	const sign = { ...corp, ...subject, "add-ca-constraint": "", days: "90" };
	assert.equal(
		await run(world, "local-certificate-self-sign", sign),
		"Self-signed certificate generated and loaded successfully\n",
	);
	const shown = await run(world, "show-local-certificate", { ...corp, detail: "" });
	for (const part of [
		/^Certificate identifier: corp\n/,
		/DNS:|www\.gw\.example/,
		/Status: Valid/,
		/Private key: not exportable/,
	])
		assert.match(shown, part);
	const path = join(world.gateway.state.path, "out.pem");
	assert.equal(
		await run(world, "local-certificate-export", { ...corp, filename: "out.pem" }),
		`certificate exported successfully to ${path}\n`,
	);
	assert.match(readFileSync(path, "utf8"), /^-----BEGIN CERTIFICATE-----\n/);
	assert.equal(statSync(path).mode & 0o777, 0o600);
	await assert.rejects(run(world, "local-certificate-export", { ...corp, filename: "out.pem" }), /exists already/);
	const p12 = { ...corp, filename: "out.p12", type: "pkcs12", passphrase: "secret" };
	await assert.rejects(run(world, "local-certificate-export", p12), /was not made exportable/);
	assert.equal(await run(world, "local-certificate-verify", corp), "Local certificate corp verification success\n");
	assert.deepEqual(
		world.gateway.events.map(({ id, fields }) =>
			id === "KEY_STORE_ACCESSED" ? Object.values(fields).join(" by ") : id,
		),
		[
			"key pair corp was made by alice",
			"certificate corp was made, signed with its own key by alice",
			"certificate corp was exported to out.pem (pem) by alice",
		],
	);
});

test("R72: a request is printed, shown, and exported without its key", async (t) => {
	const world = await opened(t);
	await run(world, "key-pair-generate", { ...corp, type: "ecdsa", size: "384" });
	const printed = await run(world, "certificate-request-generate", { ...corp, ...subject, signing: "" });
	assert.match(
		printed,
		/^Generated certificate request\n-----BEGIN CERTIFICATE REQUEST-----\n[\s\S]*Fingerprint:\n.*\(sha1\)/,
	);
	const shown = await run(world, "show-certificate-request", { detail: "" });
	assert.match(
		shown,
		/Certificate identifier: corp\n[\s\S]*Asks for: a certificate that signs others[\s\S]*gw\.example/,
	);
	const [facts] = JSON.parse(await run(world, "show-certificate-request", {}, true));
	assert.deepEqual([facts.identifier, facts.isSigning], ["corp", true]);
	await run(world, "certificate-request-export", { ...corp, filename: "corp.csr" });
	const text = readFileSync(join(world.gateway.state.path, "corp.csr"), "utf8");
	assert.match(text, /^-----BEGIN CERTIFICATE REQUEST-----\n/);
	assert.ok(!text.includes("PRIVATE"));
	assert.match(await run(world, "show-key-pair"), /corp +ecdsa \(384 bits\) +not exportable {2}request\n/);
	assert.equal(await run(world, "certificate-request-clear", corp), "Certificate request deleted successfully\n");
	assert.equal(await run(world, "show-certificate-request"), "No certificate request is stored\n");
});

test("R74, R76, R78, R85: loading tells what was loaded, discarded and passed over; files are told by name", async (t) => {
	const world = await opened(t);
	const made = makeCertificate({ subject: "CN=shop" });
	const stranger = makeCertificate({ subject: "CN=Stranger", isCa: true });
	const put = (file: string, text: string) => writeFileSync(join(world.gateway.state.path, file), text);
	put("shop.pem", made.pem + stranger.pem);
	put(
		"shop.key",
		String(made.privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "s" })),
	);
	put("secret", "s\n");
	const load = { "certificate-id": "shop", filename: "shop.pem", key: "shop.key" };
	await assert.rejects(
		run(world, "local-certificate-load", load),
		/shop\.pem: the private key is encrypted; add passphrase/,
	);
	assert.equal(
		await run(world, "local-certificate-load", { ...load, "passphrase-file": "secret" }),
		"Passed over: certificate CN=Stranger has no key here and is in no chain; load it with ca-certificate load\nLocal certificate loaded successfully\n",
	);
	assert.match(
		await run(world, "local-certificate-load", { ...load, "certificate-id": "again", passphrase: "s" }),
		/^Duplicate of certificate shop discarded\n/,
	);
	await assert.rejects(run(world, "local-certificate-load", { ...load, filename: "none" }), /\/none does not exist/);
	assert.match(await run(world, "local-certificate-refresh"), /shop +No Trust Anchor: it is signed with its own key\n/);
	await assert.rejects(run(world, "local-certificate-verify", { "certificate-id": "shop" }), /No Trust Anchor/);
	const [facts] = JSON.parse(await run(world, "show-local-certificate", { "certificate-id": "shop" }, true));
	assert.deepEqual([facts.status, facts.hasKey, facts.isExportable], ["No Trust Anchor", true, false]);
});

test("R81: what the configuration uses is not cleared, by name or with all", async (t) => {
	const world = await opened(t);
	await run(world, "key-pair-generate", { ...corp, type: "ed25519" });
	await run(world, "local-certificate-self-sign", { ...corp, ...subject });
	await assert.rejects(
		run(world, "local-certificate-clear", { "certificate-id": "sallyport-ca" }),
		/certificate "sallyport-ca" is in use: services ssl proxy profile inspect root-ca, the gateway itself; delete that first/,
	);
	assert.equal(await run(world, "local-certificate-clear"), "1 local certificate deleted\n");
	assert.equal(await run(world, "key-pair-clear", corp), "Key pair deleted successfully\n");
	await assert.rejects(run(world, "key-pair-clear", corp), /there is no key pair "corp"/);
	assert.deepEqual(world.gateway.certificates.names("certificate-ids"), ["sallyport-ca", "sallyport-untrusted-ca"]);
});

test("sizes and digests that a key cannot have are told with those that it can", async (t) => {
	const world = await opened(t);
	await assert.rejects(
		run(world, "key-pair-generate", { ...corp, size: "1024" }),
		/rsa cannot have 1024 bits; expected 2048, 3072, 4096/,
	);
	await assert.rejects(run(world, "key-pair-generate", { ...corp, type: "ecdsa", size: "2048" }), /expected 256, 384/);
	await run(world, "key-pair-generate", { ...corp, type: "ecdsa", size: "384" });
	await assert.rejects(
		run(world, "local-certificate-self-sign", { ...corp, ...subject, digest: "sha-256" }),
		/is made with sha-384; leave digest out/,
	);
});

test("R86 R88: the replaced signing CA is put in force, and its name stays in the configuration", async (t) => {
	const world = await opened(t);
	const made = makeCertificate({ subject: "CN=Next CA", isCa: true });
	writeFileSync(join(world.gateway.state.path, "next.pem"), made.pem + made.keyPem);
	const values = { "certificate-id": "sallyport-ca", filename: "next.pem" };
	assert.match(await run(world, "local-certificate-replace", values), /kept as sallyport-ca_REPLACED\n$/);
	assert.deepEqual(world.applied.slice(-1), ["certificates"]);
	const [ca] = world.gateway.keys.authorities([], Date.now()).values();
	assert.deepEqual(Buffer.from(ca?.ca.certificate ?? []), Buffer.from(made.der));
});
