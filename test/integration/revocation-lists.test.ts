/** Revocation lists that come while the gateway runs: the next session of a server follows them. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Gateway, runProgram, startGateway } from "../support/gateway.ts";
import { makeCertificate } from "../support/make-certificate.ts";
import { makeCrl } from "../support/make-crl.ts";
import { tlsOrigin } from "../support/origins.ts";
import { openTls } from "../support/proxy-client.ts";

const owner = { after };
const root = makeCertificate({ subject: "CN=Listing Root", isCa: true });
const leaf = makeCertificate({ subject: "CN=a.test", names: ["a.test"], issuer: root });
const origin = await tlsOrigin(owner, { key: leaf.keyPem, cert: leaf.pem, made: leaf }, () => undefined);
const options = {
	trust: root.pem,
	hosts: ["a.test"],
	gateway: "workers 1;",
	security: "pki { ca-profile test { ca-identity test; } }",
};

async function visit(gateway: Gateway) {
	const client = await openTls(gateway, `a.test:${origin.port}`, { rejectUnauthorized: false });
	client.socket.end();
	const { clientLeg, revocation } = await gateway.record(client.localPort);
	return { leaf: clientLeg?.certificateSha256, answer: `${revocation?.answer} by ${revocation?.source}` };
}

async function load(gateway: Gateway, number: bigint, serials: readonly Uint8Array[]): Promise<void> {
	const file = join(gateway.state, `list-${number}`);
	writeFileSync(file, makeCrl({ issuer: root, number, revoked: serials.map((serial) => ({ serial })) }).der);
	const command = `request security pki crl load ca-profile test filename ${file}`;
	const { status, output } = await runProgram(owner, ["cli", "--state", gateway.state, "-c", command]);
	assert.equal(status, 0, output);
}

test("leaves are kept when a list is new, and forgotten where invalidate-cache-on-crl-update says so", async () => {
	const forgetting = "global-config { invalidate-cache-on-crl-update; }";
	for (const profiles of ["", forgetting]) {
		const gateway = await startGateway(owner, { ...options, profiles });
		const first = await visit(gateway);
		assert.equal(first.answer, "unavailable by none");
		assert.equal((await visit(gateway)).leaf, first.leaf);
		await load(gateway, 1n, []);
		const second = await visit(gateway);
		assert.equal(second.answer, "good by crl");
		assert.equal(second.leaf === first.leaf, profiles === "");
	}
});

test("V12: a list that names the server has its next session warned, and one that no longer does is believed again", async () => {
	const gateway = await startGateway(owner, options);
	await load(gateway, 1n, [leaf.certificate.serial]);
	assert.equal((await visit(gateway)).answer, "revoked by crl");
	await load(gateway, 2n, []);
	assert.equal((await visit(gateway)).answer, "good by crl");
});
