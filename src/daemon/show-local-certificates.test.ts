import assert from "node:assert/strict";
import { test } from "node:test";
import {
	requestText,
	showKeyPairs,
	showLocalCertificates,
	statusLines,
	verifyLocalCertificate,
} from "#daemon/show-local-certificates.ts";
import type { NewEntry } from "#pki/key-store-shell.ts";
import { commandWorld } from "../../test/support/command-world.ts";
import { makeCertificate, makeChain, makeKeyPair } from "../../test/support/make-certificate.ts";

const { root, intermediate, leaf } = makeChain(["shop.example"]);
const entry = (id: string, more: Partial<NewEntry>): NewEntry => ({
	id,
	created: Date.UTC(2026, 0, 2),
	isExportable: true,
	certificates: [leaf.der],
	key: leaf.privateKey,
	...more,
});

test("R82: every status is shown, with its reason", async (t) => {
	const world = await commandWorld(t);
	const { keys, trust } = world.gateway;
	keys.open(trust.config as Parameters<typeof keys.open>[0], Date.now());
	const dates = (notBefore: number, notAfter: number) => ({
		certificates: [makeCertificate({ key: leaf, notBefore, notAfter }).der],
	});
	const day = 86_400_000;
	const now = Date.now();
	keys.store.change({
		put: [
			entry("own-root", { certificates: [root.der], key: root.privateKey }),
			entry("valid", { certificates: [leaf.der, intermediate.der] }),
			entry("gap", {}),
			entry("old", dates(now - 9 * day, now - day)),
			entry("young", dates(now + day, now + 9 * day)),
			entry("keyless", { key: undefined }),
			entry("mixed", { key: makeKeyPair("p256").privateKey }),
			entry("pair", { certificates: [], isExportable: false }),
		],
		remove: [],
	});
	const lines = [...statusLines(world)].map((line) => line.trim().replace(/ {2,}/, ": "));
	assert.deepEqual(lines.slice(2), [
		"own-root: Valid",
		"valid: Valid",
		`gap: No Trust Anchor: the certificate of its issuer ${leaf.certificate.issuer.text} is not loaded`,
		"old: Expired: its validity has ended",
		"young: Not Yet Valid: its validity has not begun",
		"keyless: Key Broken: it has no private key",
		"mixed: Key Broken: its private key is another's",
	]);
	assert.equal(verifyLocalCertificate(world, "valid"), "Local certificate valid verification success\n");
	assert.throws(() => verifyLocalCertificate(world, "old"), /local certificate old: Expired: its validity has ended/);
	assert.throws(() => verifyLocalCertificate(world, "none"), /"none"; existing: "sallyport-ca", /);
	const detail = [...showLocalCertificates(world, { "certificate-id": "valid", detail: "" }, false)].join("");
	for (const part of [/Status: Valid/, /Private key: exportable/, /Chain: 1 certificate\n/, /Stored: 2026-01-02/])
		assert.match(detail, part);
	const pairs = [...showKeyPairs(world, false)].join("");
	assert.match(pairs, /keyless +key none +exportable {2}certificate\n/);
	assert.match(pairs, /pair +ecdsa \(256 bits\) +not exportable {2}nothing yet\n/);
});

test("a store that holds nothing says so", async (t) => {
	const world = await commandWorld(t);
	assert.deepEqual([...showLocalCertificates(world, {}, false)], ["No local certificate is stored\n"]);
	assert.deepEqual([...showKeyPairs(world, false)], ["No key pair is stored\n"]);
	assert.match(
		requestText(new Uint8Array([1])),
		/^Generated certificate request\n-----BEGIN CERTIFICATE REQUEST-----\nAQ==\n/,
	);
});
