import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import fc from "fast-check";
import { type Import, type ImportFiles, importCertificates } from "#pki/import-certificate.ts";
import { encodePkcs12 } from "#pki/pkcs12.ts";
import { makeCertificate, makeChain, makeKeyPair } from "../../test/support/make-certificate.ts";

const { root, intermediate, leaf } = makeChain(["shop.example"]);
const octets = (text: string) => Buffer.from(text);

function run(
	certificates: Uint8Array,
	more: Partial<ImportFiles> = {},
	waiting: Parameters<typeof importCertificates>[2] = [],
) {
	return importCertificates("corp", { certificates, key: undefined, passphrase: undefined, ...more }, waiting);
}

function imported(answer: Import) {
	assert.ok(answer.kind === "imported", JSON.stringify(answer));
	return answer;
}

function reasonOf(answer: Import): string {
	return answer.kind === "refused" ? answer.reason : answer.kind;
}

test("R76: PEM and DER with the key in a file of its own, encrypted or not; the chain comes along in order", () => {
	const locked = String(
		leaf.privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" }),
	);
	const pem = octets(root.pem + leaf.pem + intermediate.pem);
	for (const [certificates, key, passphrase, chain] of [
		[pem, octets(leaf.keyPem), undefined, 2],
		[pem, octets(locked), "secret", 2],
		[leaf.der, leaf.privateKey.export({ type: "pkcs8", format: "der" }), undefined, 0],
		[octets(leaf.pem + leaf.keyPem), undefined, undefined, 0],
	] as const) {
		const { imported: all, passedOver } = imported(run(certificates, { key, passphrase }));
		assert.deepEqual(
			all.map((one) => [one.id, one.certificate.subject.text, one.chain.length, one.joined]),
			[["corp", "CN=shop.example", chain, undefined]],
		);
		assert.ok(all[0]?.key.equals(leaf.privateKey));
		assert.deepEqual(passedOver, []);
	}
	assert.equal(run(pem, { key: octets(locked) }).kind, "needs-passphrase");
	assert.match(reasonOf(run(pem, { key: octets(locked), passphrase: "wrong" })), /^the private key: .*passphrase/);
});

test("R73 R78: without a key the one that waits here is joined by its public key", () => {
	const waiting = [
		{ id: "other", key: makeKeyPair("p256").privateKey },
		{ id: "asked", key: leaf.privateKey },
	];
	const { imported: all } = imported(run(leaf.der, {}, waiting));
	assert.deepEqual(
		all.map(({ id, joined }) => [id, joined]),
		[["corp", "asked"]],
	);
	const beside = imported(run(leaf.der, { key: octets(leaf.keyPem) }, waiting));
	assert.equal(beside.imported[0]?.joined, "asked", "the key that is here already goes before the same one in a file");
});

test("R75 R77: a PKCS#12 file with one certificate keeps the name, with several they are named after their aliases", () => {
	const random = new Uint8Array(80).fill(1);
	const one = encodePkcs12({
		certificates: [leaf.der, intermediate.der],
		key: leaf.privateKey,
		friendlyName: "web",
		passphrase: "secret",
		random,
	});
	const { imported: all } = imported(run(one, { passphrase: "secret" }));
	assert.deepEqual(
		all.map(({ id, chain }) => [id, chain.length]),
		[["corp", 1]],
	);
	assert.equal(run(one).kind, "needs-passphrase");
	assert.match(reasonOf(run(one, { passphrase: "x" })), /passphrase is wrong/);
	assert.match(reasonOf(run(one, { passphrase: "secret", key: octets(leaf.keyPem) })), /brings its key itself/);
});

test("a certificate without a key, with another's, of another version, or none at all is told", () => {
	assert.match(reasonOf(run(leaf.der)), /no private key for certificate CN=shop\.example.*ca-certificate load/);
	assert.match(reasonOf(run(octets(leaf.pem + root.pem))), /for any of the 2 certificates/);
	assert.match(reasonOf(run(leaf.der, { key: octets(root.keyPem) })), /the private key does not belong to certificate/);
	const old = makeCertificate({ version: 1 });
	assert.match(reasonOf(run(old.der, { key: octets(old.keyPem) })), /R54|of version 1; expected 3/);
	for (const bad of ["", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
		assert.equal(run(octets(bad)).kind, "refused", bad);
});

test("R79: certificates that belong to nothing here are passed over, and told", () => {
	const stranger = makeCertificate({ subject: "CN=Stranger", isCa: true });
	const { passedOver } = imported(run(octets(leaf.pem + stranger.pem), { key: octets(leaf.keyPem) }));
	assert.match(passedOver.join(), /^certificate CN=Stranger has no key here.*ca-certificate load$/);
});

test("whatever the octets, importing answers and does not throw", () => {
	const good = encodePkcs12({
		certificates: [leaf.der],
		friendlyName: "a",
		passphrase: "",
		random: new Uint8Array(80),
	});
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(good.length - 1), fc.nat(255), (any, at, value) => {
			assert.match(run(any, { passphrase: "" }).kind, /refused|needs/);
			const mutated = Uint8Array.from(leaf.der);
			mutated[at % mutated.length] = value;
			assert.match(run(mutated, { key: octets(leaf.keyPem) }).kind, /./);
		}),
		{ numRuns: 50 },
	);
});
