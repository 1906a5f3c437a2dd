/** An origin whose certificate is not trusted never looks trusted to the client: it is signed by the other CA, or blocked. */
import assert from "node:assert/strict";
import { createPublicKey, X509Certificate } from "node:crypto";
import { after, describe, test } from "node:test";
import { decodeCertificate } from "#pki/certificate.ts";
import { hostBook, hostPolicy, startGateway } from "../support/gateway.ts";
import { makeCertificate } from "../support/make-certificate.ts";
import { httpsOrigin, type Identity, selfSigned, TestCa } from "../support/origins.ts";
import { fetchOnce, openTls, openTunnel, startTls } from "../support/proxy-client.ts";

const day = 86_400_000;
const now = Math.floor(Date.now() / 1000) * 1000;
const ca = new TestCa();
const stranger = new TestCa("Stranger");
const owner = { after };
const anyKeySize = { ciphers: "DEFAULT@SECLEVEL=0" };
const serve = (identity: Identity) => httpsOrigin(owner, identity, (_, response) => response.end("origin"), anyKeySize);

const good = await serve(ca.identity(["good.test", "blocking.test", "ignoring.test"]));
const faults: readonly { name: string; identity: Identity; reason: RegExp }[] = [
	{
		name: "expired",
		identity: ca.identity(["a.test"], { notBefore: now - 40 * day, notAfter: now - 10 * day }),
		reason: /expired|ended|valid until/,
	},
	{
		name: "not yet valid",
		identity: ca.identity(["a.test"], { notBefore: now + 3 * day, notAfter: now + 10 * day }),
		reason: /not valid before/,
	},
	{ name: "self-signed", identity: selfSigned(["a.test"]), reason: /self-signed/ },
	{
		name: "for another name",
		identity: ca.identity(["b.test", "*.a.test"]),
		reason: /for b\.test, \*\.a\.test; expected a\.test/,
	},
	{ name: "of an unknown issuer", identity: stranger.identity(["a.test"]), reason: /trust|issuer/ },
	{
		name: "for clients alone",
		identity: ca.identity(["a.test"], { extendedKeyUsage: ["1.3.6.1.5.5.7.3.2"] }),
		reason: /extendedKeyUsage/,
	},
	{ name: "too weak", identity: ca.identity(["a.test"], { key: "rsa1024" }), reason: /./ },
	{
		name: "with a broken signature",
		identity: ca.identity(["a.test"], { hasBrokenSignature: true }),
		reason: /signature/,
	},
];
const origins = await Promise.all(faults.map(async (fault) => ({ ...fault, ...(await serve(fault.identity)) })));

const common = "root-ca sallyport-ca; untrusted-root-ca sallyport-untrusted-ca; trusted-ca test;";
const permit = (profile: string) =>
	`permit { application-services { ssl-proxy { profile-name ${profile}; } pattern-policy standard; } }`;
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: ["good.test", "a.test", "blocking.test", "ignoring.test", "signless.test"],
	profiles: `
		profile blocking { ${common} actions { block-invalid-certificates; log { all; } } }
		profile signless { root-ca sallyport-ca; trusted-ca test; actions { log { all; } } }
		profile ignoring { ${common} actions { ignore-server-auth-failure; log { all; } } }
	`,
	security: hostBook({ blocking: "blocking.test", signless: "signless.test", ignoring: "ignoring.test" }),
	policies: ["blocking", "signless", "ignoring"].map((name) => hostPolicy(name, permit(name))).join("\n"),
});

describe("each fault of a certificate", { concurrency: 8 }, () => {
	for (const { name, identity, reason, port } of origins) {
		test(`M12 R66 R295: a certificate that is ${name} is signed by the untrusted CA, with the origin's dates`, async () => {
			const trusting = { ca: gateway.untrustedCaPem, checkServerIdentity: () => undefined };
			const client = await openTls(gateway, `a.test:${port}`, { ...trusting, rejectUnauthorized: false });
			const leaf = decodeCertificate(client.socket.getPeerX509Certificate()?.raw ?? Buffer.alloc(0));
			assert.ok(leaf.kind === "done");
			assert.match(leaf.value.issuer.text, /UNTRUSTED by Sallyport/);
			assert.equal(leaf.value.subject.text, identity.made.certificate.subject.text);
			assert.ok(leaf.value.notAfter <= identity.made.certificate.notAfter);
			assert.ok(leaf.value.notBefore >= Math.min(identity.made.certificate.notBefore, leaf.value.notAfter));
			client.socket.end();
			const record = await gateway.record(client.localPort);
			assert.deepEqual([record.decision, record.faultCode], ["decrypt", undefined]);
			assert.match(record.serverTrust ?? "", reason);
		});

		test(`M12 R112: a client that trusts the gateway refuses the certificate that is ${name}`, async () => {
			const tunnel = await openTunnel(gateway, `a.test:${port}`);
			await assert.rejects(startTls(gateway, tunnel, "a.test"), /certificate|self.signed/i);
			tunnel.socket.destroy();
			assert.match((await gateway.record(tunnel.localPort)).serverTrust ?? "", reason);
		});

		for (const profile of ["blocking", "signless"]) {
			test(`R110 R100 R123 R222: with profile ${profile} the origin whose certificate is ${name} is blocked`, async () => {
				const tunnel = await openTunnel(gateway, `${profile}.test:${port}`);
				await assert.rejects(startTls(gateway, tunnel, `${profile}.test`), /alert unknown ca|number 48/i);
				const record = await gateway.record(tunnel.localPort);
				assert.equal(record.faultCode, "SERVER_CERTIFICATE_INVALID");
				assert.match(record.endedBecause, /exempt it or repair its certificate/);
				assert.equal(record.clientLeg, undefined);
			});
		}

		test(`R101 R238: with ignore-server-auth-failure the certificate that is ${name} is signed by the trusted CA`, async () => {
			const client = await openTls(gateway, `ignoring.test:${port}`, { rejectUnauthorized: false });
			const leaf = client.socket.getPeerX509Certificate();
			assert.match(leaf?.issuer ?? "", /CN=Sallyport CA/);
			client.socket.end();
			const record = await gateway.record(client.localPort);
			assert.notEqual(record.serverTrust, "trusted");
		});
	}
});

test("a good origin is trusted beside all those, whatever the profile does about others", async () => {
	for (const host of ["good.test", "blocking.test", "ignoring.test"]) {
		assert.equal((await fetchOnce(gateway, `${host}:${good.port}`)).body.toString(), "origin");
	}
});

test("the same origin is signed anew by the trusted CA where its faults are ignored, never mixed up in the cache", async () => {
	const [first] = origins;
	assert.ok(first);
	for (const [host, issuer] of [
		["a.test", /UNTRUSTED/],
		["ignoring.test", /CN=Sallyport CA/],
		["a.test", /UNTRUSTED/],
	] as const) {
		const client = await openTls(gateway, `${host}:${first.port}`, { rejectUnauthorized: false });
		assert.match(client.socket.getPeerX509Certificate()?.issuer ?? "", issuer);
		client.socket.end();
	}
});

test("V23: a certificate that the gateway's own CA has signed makes no origin trusted", async () => {
	const key = gateway.storedKey("sallyport-ca");
	const decoded = decodeCertificate(new X509Certificate(gateway.caPem).raw);
	assert.ok(decoded.kind === "done");
	const issuer = { ...makeCertificate(), privateKey: key, publicKey: createPublicKey(key), certificate: decoded.value };
	const impostor = makeCertificate({ subject: "CN=a.test", names: ["a.test"], issuer });
	const origin = await serve({ key: impostor.keyPem, cert: impostor.pem + gateway.caPem, made: impostor });
	const client = await openTls(gateway, `a.test:${origin.port}`, { rejectUnauthorized: false });
	assert.match(client.socket.getPeerX509Certificate()?.issuer ?? "", /UNTRUSTED/);
	client.socket.end();
});
