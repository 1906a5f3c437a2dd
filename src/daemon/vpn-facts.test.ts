import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { formatAddress } from "#base/address.ts";
import { TrustDirectory } from "#daemon/trust-directory.ts";
import { resolveGateways, vpnFacts } from "#daemon/vpn-facts.ts";
import { KeyStore } from "#pki/key-store-shell.ts";
import { configOf } from "../../test/support/config-text.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";
import { vpnText } from "../../test/support/vpn-text.ts";

const root = makeCertificate({ subject: "CN=one", isCa: true });
const other = makeCertificate({ subject: "CN=two", isCa: true });
const own = makeCertificate({ subject: "CN=gw", issuer: root });

function world(t: TestContext, text: string) {
	const path = mkdtempSync(join(tmpdir(), "sallyport-vpn-facts-"));
	t.after(() => rmSync(path, { recursive: true, force: true }));
	const store = new KeyStore(path, { isPersistent: true, passphraseFile: undefined }, 7);
	store.change({ put: [{ id: "gw", created: 7, isExportable: false, certificates: [own.der], key: own.privateKey }] });
	const trust = new TrustDirectory(join(path, "trust"));
	trust.write("profile", "one", [root.certificate], "test", 7);
	trust.write("profile", "two", [other.certificate], "test", 7);
	const config = configOf(text);
	return { config, facts: vpnFacts(config, { store, trust, resolved: new Map() }) };
}

test("an interface has the address of the configuration, of the family that is asked for; else that of its device", (t) => {
	const interfaces = "lo0 { unit 0 { family inet { address 192.0.2.1/32; } } } x1 { device lo; unit 0; }";
	const { facts } = world(t, vpnText({ interfaces }));
	assert.equal(formatAddress(facts.addressOf("lo0.0", 4) ?? assert.fail()), "192.0.2.1");
	assert.equal(formatAddress(facts.addressOf("x1.0", 4) ?? assert.fail()), "127.0.0.1");
	assert.equal(facts.addressOf("nobody0.0", 4), undefined);
});

test("a certificate of the store signs for this end; without a key there is none", (t) => {
	const { facts } = world(t, vpnText());
	const found = facts.ownCertificate("gw");
	assert.deepEqual(found?.subject, own.certificate.subject.raw);
	assert.ok(found?.local.kind === "certificate" && found.local.publicKey.equals(own.publicKey));
	assert.equal(facts.ownCertificate("gone"), undefined);
});

test("trusted-ca chooses a CA profile by its number; without it all of them count", (t) => {
	const anchors = (trustedCa: string) => {
		const text = vpnText({
			policy: `proposals p; pre-shared-key ascii-text secret; certificate { ${trustedCa} }`,
			security: "pki { ca-profile one { ca-identity one; } ca-profile two { ca-identity two; } }",
		});
		const trust = world(t, text).facts.trustOf("p");
		return trust?.kind === "certificate" ? trust.anchors?.map((der) => Uint8Array.from(der)) : undefined;
	};
	const both = [root.der, other.der].map((der) => Uint8Array.from(der));
	assert.deepEqual(anchors(""), both);
	assert.deepEqual(anchors("trusted-ca use-all;"), both);
	assert.deepEqual(anchors("trusted-ca 2;"), [Uint8Array.from(other.der)]);
	assert.equal(anchors("trusted-ca 3;"), undefined);
});

test("peers are found by address, by the names of the configuration, and by the resolver", async () => {
	const gateway = "address [ 192.0.2.1 branch.example localhost gone.invalid ]; version v2-only;";
	const top = "system { static-host-mapping branch.example inet 192.0.2.7; }";
	const resolved = await resolveGateways(configOf(vpnText({ gateway, top })));
	assert.deepEqual(resolved.get("192.0.2.1")?.map(formatAddress), ["192.0.2.1"]);
	assert.deepEqual(resolved.get("branch.example")?.map(formatAddress), ["192.0.2.7"]);
	assert.ok(resolved.get("localhost")?.some((address) => ["127.0.0.1", "::1"].includes(formatAddress(address))));
	assert.deepEqual(resolved.get("gone.invalid"), []);
});
