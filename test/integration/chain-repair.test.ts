/** Servers that leave their intermediate certificates out: fetched where the configuration says so, never trusted for it. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { startGateway } from "../support/gateway.ts";
import { type CertificateRequest, makeCertificate } from "../support/make-certificate.ts";
import { httpsOrigin, type Origin, selfSigned } from "../support/origins.ts";
import { fetchOnce, openTls } from "../support/proxy-client.ts";
import { certsOnly, pointers, startWeb } from "../support/responder.ts";

const owner = { after };
const web = await startWeb(owner);
const root = makeCertificate({ subject: "O=Sallyport Test,CN=Test Root", isCa: true });
const upper = makeCertificate({ subject: "CN=Upper", isCa: true, issuer: root });
const lower = makeCertificate({
	subject: "CN=Lower",
	isCa: true,
	issuer: upper,
	extensions: pointers({ caIssuers: [web.url("/upper.p7c")] }),
});
web.answers.set("/upper.p7c", certsOnly(root, upper));
web.answers.set("/lower.cer", lower.der);

/** A server that sends its own certificate alone. */
function alone(request: CertificateRequest = {}, url = web.url("/lower.cer")): Promise<Origin> {
	const made = makeCertificate({
		subject: "CN=a.test",
		names: ["a.test"],
		issuer: lower,
		extensions: pointers({ caIssuers: [url] }),
		...request,
	});
	return httpsOrigin(owner, { key: made.keyPem, cert: made.pem, made }, (_, response) => response.end("origin"));
}

const common = { trust: root.pem, hosts: ["a.test"], actions: "ocsp { disable; } crl { disable; }" };
const pki = (more: string) => `pki { fetch-permitted-networks 127.0.0.1/32; ${more} }`;
const gateway = await startGateway(owner, { ...common, security: pki("fetch-missing-intermediates enable;") });

async function visit({ port }: Origin, by = gateway) {
	const client = await openTls(by, `a.test:${port}`, { rejectUnauthorized: false });
	const issuer = client.socket.getPeerX509Certificate()?.issuer ?? "";
	client.socket.end();
	const record = await by.record(client.localPort);
	return { isTrusted: issuer.includes("CN=Sallyport CA"), record };
}

describe("a server that sends its leaf alone", () => {
	test("is trusted once both intermediates were fetched; record, event and counter say so", async () => {
		const origin = await alone();
		assert.equal((await fetchOnce(gateway, `a.test:${origin.port}`)).body.toString(), "origin");
		const { isTrusted, record } = await visit(origin);
		assert.ok(isTrusted);
		assert.deepEqual([record.serverTrust, record.isChainRepaired], ["trusted", true]);
		const [event] = gateway.events("CHAIN_REPAIRED");
		assert.deepEqual(event?.fields.fetchedFrom, [web.url("/lower.cer"), web.url("/upper.p7c")]);
		const { log } = gateway;
		assert.match(log, /the chain of server certificate [0-9a-f]{64} \(CN=a\.test\) was repaired/);
	});

	test("causes one fetch for many sessions of many certificates", async () => {
		const origins = await Promise.all([alone(), alone(), alone()]);
		await Promise.all(origins.flatMap((origin) => [visit(origin), visit(origin), visit(origin)]));
		const workers = gateway.workers().length;
		const asked = web.requests.filter((line) => line.endsWith("/lower.cer")).length;
		assert.ok(asked >= 1 && asked <= workers, `${asked} fetches by ${workers} workers`);
	});

	test("stays untrusted where its expiry, its name or its signature is the fault", async () => {
		const past = { notBefore: Date.now() - 40 * 86_400_000, notAfter: Date.now() - 86_400_000 };
		for (const request of [past, { names: ["b.test"] }, { hasBrokenSignature: true }]) {
			const { isTrusted, record } = await visit(await alone(request));
			assert.deepEqual([isTrusted, record.isChainRepaired], [false, undefined]);
		}
	});

	test("stays untrusted when the address has garbage, another certificate, a root, or nothing", async () => {
		const stranger = makeCertificate({ subject: "CN=Lower", isCa: true, issuer: root });
		const own = selfSigned(["x.test"], { isCa: true, subject: "CN=Lower" }).made;
		web.answers.set("/garbage", Buffer.from("garbage"));
		web.answers.set("/stranger", stranger.der);
		web.answers.set("/own", own.der);
		for (const path of ["/garbage", "/stranger", "/own", "/nothing"]) {
			const { isTrusted, record } = await visit(await alone({}, web.url(path)));
			assert.deepEqual([isTrusted, record.isChainRepaired], [false, undefined], path);
		}
	});

	test("F14: has the gateway ask no address of its own host or of its own listeners", async () => {
		const targets = [`http://127.0.0.2:${web.port}/lower.cer`, `http://127.0.0.1:${gateway.ports.ipv4}/lower.cer`];
		for (const url of targets) assert.equal((await visit(await alone({}, url))).isTrusted, false);
		assert.ok(gateway.records().every(({ client }) => client.address !== "127.0.0.2"));
	});
});

test("by default nothing is fetched and the server stays untrusted", async () => {
	const strict = await startGateway(owner, { ...common, security: pki("") });
	const before = web.requests.length;
	const { isTrusted, record } = await visit(await alone(), strict);
	assert.deepEqual([isTrusted, web.requests.length], [false, before]);
	assert.match(record.serverTrust ?? "", /no path from certificate 0/);
});
