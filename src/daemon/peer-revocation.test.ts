import assert from "node:assert/strict";
import { test } from "node:test";
import { PeerRevocation } from "#daemon/peer-revocation.ts";
import { noPeerTrust, type PeerTrust } from "#daemon/peer-trust.ts";
import { type AuthorityRevocation, usualRevocation } from "#pki/revocation-settings.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";
import { makeCrlDer } from "../../test/support/make-crl.ts";
import { pointers, startWeb } from "../../test/support/responder.ts";

const root = makeCertificate({ subject: "CN=root", isCa: true });
const issued = (serial: bigint, crls: readonly string[] = []) => {
	const leaf = makeCertificate({ subject: "CN=peer", issuer: root, serial, extensions: pointers({ crls }) });
	return [leaf.certificate, root.certificate];
};

/** What CA profile `a` with the root says. */
function trust(settings: Partial<AuthorityRevocation> = {}, more: Partial<PeerTrust> = {}): PeerTrust {
	const authorities = new Map([["a", { ...usualRevocation, ...settings }]]);
	const permittedNetworks = [{ address: { octets: Uint8Array.of(127, 0, 0, 0) }, length: 8 }];
	return {
		...noPeerTrust,
		revocation: { authorities, permittedNetworks },
		profiles: new Map([["a", [root.pem]]]),
		...more,
	};
}

test("a list is fetched from where the certificate says; who stands on it is refused, at first and again", async (t) => {
	const web = await startWeb(t);
	web.answers.set("/list", makeCrlDer({ issuer: root, revoked: [{ serial: 200n }] }));
	const fetched: string[] = [];
	const revocation = new PeerRevocation((url) => fetched.push(url));
	revocation.configure(trust());
	const url = web.url("/list");
	assert.equal(await revocation.check(issued(100n, [url]), false), undefined);
	for (const isAgain of [false, true])
		assert.match((await revocation.check(issued(200n, [url]), isAgain)) ?? "", /revoked/);
	assert.deepEqual([fetched, web.requests], [[url], ["GET /list"]]);
	revocation.forget();
	assert.match((await revocation.check(issued(200n, [url]), false)) ?? "", /revoked/);
	assert.equal(web.requests.length, 2);
});

test("no answer is a refusal for who comes, none for who stands or whose CA profile accepts it; nobody to ask is none", async (t) => {
	const web = await startWeb(t);
	const peer = issued(100n, [web.url("/gone")]);
	const revocation = new PeerRevocation(() => undefined);
	revocation.configure(trust());
	assert.match(
		(await revocation.check(peer, false)) ?? "",
		/could not be found out: .*make its list or responder reachable/,
	);
	assert.equal(await revocation.check(peer, true), undefined);
	revocation.configure(trust({ acceptsUnavailable: true }));
	assert.equal(await revocation.check(peer, false), undefined);
	revocation.configure(trust({ isDisabled: true }));
	assert.equal(await revocation.check(peer, false), undefined);
	revocation.configure(trust());
	assert.equal(await revocation.check(issued(100n), false), undefined);
});

test("a list that the operator loaded counts for certificates that name none", async () => {
	const revocation = new PeerRevocation(() => undefined);
	const loadedCrls = [makeCrlDer({ issuer: root, revoked: [{ serial: 300n }] })];
	revocation.configure(trust({}, { loadedCrls }));
	assert.match((await revocation.check(issued(300n), false)) ?? "", /revoked/);
	assert.equal(await revocation.check(issued(301n), false), undefined);
});
