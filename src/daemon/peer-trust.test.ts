import assert from "node:assert/strict";
import { test } from "node:test";
import { peerTrust } from "#daemon/peer-trust.ts";
import { configOf } from "../../test/support/config-text.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

test("what is needed to ask about peers: settings and certificates of CA profiles, loaded lists, names of the configuration", () => {
	const root = makeCertificate({ subject: "CN=root", isCa: true });
	const config = configOf(`
		security { pki {
			ca-profile a { ca-identity a; revocation-check { use-ocsp; ocsp { connection-failure disable; } } }
			ca-profile empty { ca-identity empty; }
			fetch-permitted-networks 10.0.0.0/8;
		} }
		system { static-host-mapping lists.example { inet 192.0.2.7; } }`);
	const bundle = (_: string, name: string) =>
		name === "a"
			? ({ kind: "profile", name, certificates: [root.certificate], loadedAt: 0, from: undefined } as const)
			: undefined;
	const list = Uint8Array.of(1);
	const { revocation, profiles, loadedCrls, staticHosts } = peerTrust(config, { bundle }, [list]);
	const settings = revocation.authorities.get("a");
	assert.deepEqual([settings?.asksOcsp, settings?.asksCrl, settings?.acceptsUnavailable], [true, false, true]);
	assert.deepEqual([profiles.get("a")?.length, profiles.get("empty")?.length], [1, 0]);
	assert.match(profiles.get("a")?.[0] ?? "", /BEGIN CERTIFICATE/);
	assert.deepEqual([loadedCrls, [...staticHosts.keys()]], [[list], ["lists.example"]]);
	assert.equal(revocation.permittedNetworks.length, 1);
});
