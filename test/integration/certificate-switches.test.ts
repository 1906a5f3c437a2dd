/** Switches of a profile that decide about single faults of a server's certificate. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { hostBook, hostPolicy, startGateway } from "../support/gateway.ts";
import { httpsOrigin, type Identity, selfSigned, TestCa } from "../support/origins.ts";
import { openTls, openTunnel, startTls } from "../support/proxy-client.ts";

const owner = { after };
const day = 86_400_000;
const ca = new TestCa();
const names = ["expired.test", "long.test"];
const serve = (identity: Identity) => httpsOrigin(owner, identity, (_, response) => response.end("ok"));
const dates = { notBefore: Date.now() - 40 * day, notAfter: Date.now() - day };
const old = await serve(ca.identity(names, dates));
const stranger = await serve(selfSigned(names));
const rsa = await serve(ca.identity(names, { key: "rsa2048" }));
const cas = "root-ca sallyport-ca; untrusted-root-ca sallyport-untrusted-ca; trusted-ca test;";
const permit = (name: string) =>
	`permit { application-services { ssl-proxy { profile-name ${name}; } pattern-policy standard; } }`;
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: names,
	profiles: `
		profile expired { ${cas} actions { block-expired-certificates; log { all; } } }
		profile long { ${cas} minimum-key-length 3072; actions { log { all; } } }
	`,
	security: hostBook({ expired: "expired.test", long: "long.test" }),
	policies: ["expired", "long"].map((name) => hostPolicy(name, permit(name))).join("\n"),
});

async function issuerOf(target: string): Promise<string> {
	const client = await openTls(gateway, target, { rejectUnauthorized: false });
	client.socket.end();
	return client.socket.getPeerX509Certificate()?.issuer ?? "";
}

test("R111 R123: an expired certificate is blocked and recorded where the profile says so; other faults still warn", async () => {
	const tunnel = await openTunnel(gateway, `expired.test:${old.port}`);
	await assert.rejects(startTls(gateway, tunnel, "expired.test"), /alert/i);
	const record = await gateway.record(tunnel.localPort);
	assert.equal(record.faultCode, "SERVER_CERTIFICATE_INVALID");
	assert.match(record.endedBecause, /expired/);
	assert.match(await issuerOf(`expired.test:${stranger.port}`), /UNTRUSTED/);
	assert.doesNotMatch(await issuerOf(`expired.test:${rsa.port}`), /UNTRUSTED/);
});

test("R109: a server whose RSA key is shorter than minimum-key-length is not trusted", async () => {
	assert.match(await issuerOf(`long.test:${rsa.port}`), /UNTRUSTED/);
});
