/** A revoked server never looks good to a client: staples, responders and lists on real sockets, each answer with its action. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { hostBook, hostPolicy, startGateway } from "../support/gateway.ts";
import { type CertificateRequest, type Made, makeCertificate } from "../support/make-certificate.ts";
import { makeCrl } from "../support/make-crl.ts";
import { type Identity, type Origin, tlsOrigin } from "../support/origins.ts";
import { openTls, openTunnel, startTls } from "../support/proxy-client.ts";
import { ocspAbout, pointers, startWeb } from "../support/responder.ts";

const owner = { after };
const web = await startWeb(owner);
const root = makeCertificate({ subject: "O=Sallyport Test,CN=Test Root", isCa: true });
const intermediate = makeCertificate({
	subject: "O=Sallyport Test,CN=Test Intermediate",
	isCa: true,
	pathLength: 0,
	issuer: root,
	extensions: pointers({ crls: [web.url("/root.crl")] }),
});
web.answers.set("/root.crl", makeCrl({ issuer: root }).der);
let made = 0;

/** A server certificate, and the path under which it asks for its state. */
interface Subject {
	readonly leaf: Made;
	readonly ocspPath: string;
	readonly crlPath: string;
	readonly identity: Identity;
}

function subject(
	to: { readonly ocsp?: boolean; readonly crl?: boolean } = { ocsp: true },
	request: CertificateRequest = {},
): Subject {
	const number = ++made;
	const [ocspPath, crlPath] = [`/ocsp${number}.`, `/leaf${number}.crl`];
	const leaf = makeCertificate({
		subject: "CN=a.test",
		names: ["a.test", "strict.test", "dropping.test", "hold.test"],
		issuer: intermediate,
		...request,
		extensions: [
			...pointers({
				ocsp: to.ocsp === true ? [web.url(ocspPath)] : [],
				crls: to.crl === true ? [web.url(crlPath)] : [],
			}),
			...(request.extensions ?? []),
		],
	});
	return { leaf, ocspPath, crlPath, identity: { key: leaf.keyPem, cert: leaf.pem + intermediate.pem, made: leaf } };
}

/** Serves the subject, with a staple when there is one. */
async function serve({ identity }: Subject, staple?: Uint8Array | null): Promise<Origin> {
	const origin = await tlsOrigin(owner, identity, () => undefined);
	for (const server of origin.servers)
		if (staple !== undefined)
			server.on("OCSPRequest", (_: unknown, __: unknown, answer: (error: null, response: Uint8Array | null) => void) =>
				answer(null, staple),
			);
	return origin;
}

const common = "root-ca sallyport-ca; untrusted-root-ca sallyport-untrusted-ca; trusted-ca test;";
const permit = (profile: string) => `permit { application-services { ssl-proxy { profile-name ${profile}; } } }`;
const profiles: Readonly<Record<string, string>> = {
	strict: "block-invalid-certificates;",
	dropping: "ocsp { if-unavailable drop; timeout 1; }",
	hold: "crl { ignore-hold-instruction-code; }",
	careless: "crl { disable; } ocsp { disable; }",
};
const gateway = await startGateway(owner, {
	trust: root.pem,
	hosts: ["a.test", ...Object.keys(profiles).map((name) => `${name}.test`)],
	actions: "ocsp { timeout 1; }",
	profiles: Object.entries(profiles)
		.map(([name, actions]) => `profile ${name} { ${common} actions { ${actions} log { all; } } }`)
		.join("\n"),
	policies: Object.keys(profiles)
		.map((name) => hostPolicy(name, permit(name)))
		.join("\n"),
	security: `
		${hostBook(Object.fromEntries(Object.keys(profiles).map((name) => [name, `${name}.test`])))}
		pki { fetch-permitted-networks 127.0.0.1/32; }
	`,
});

/** What a client sees that accepts every certificate, and what the record says. */
async function visit(host: string, { port }: Origin) {
	const client = await openTls(gateway, `${host}:${port}`, { rejectUnauthorized: false });
	const issuer = client.socket.getPeerX509Certificate()?.issuer ?? "";
	client.socket.end();
	const record = await gateway.record(client.localPort);
	return { isTrusted: issuer.includes("CN=Sallyport CA"), isWarned: issuer.includes("UNTRUSTED"), record };
}

/** The record of a session that is refused. */
async function refused(host: string, { port }: Origin, alert: RegExp) {
	const tunnel = await openTunnel(gateway, `${host}:${port}`);
	await assert.rejects(startTls(gateway, tunnel, host), alert);
	return await gateway.record(tunnel.localPort);
}

describe("a stapled OCSP response (V12)", () => {
	test("that is good makes the server trusted, without a question", async () => {
		const one = subject();
		const { isTrusted, record } = await visit(
			"a.test",
			await serve(one, ocspAbout(one.leaf.certificate, intermediate)),
		);
		assert.ok(isTrusted);
		assert.deepEqual([record.revocation?.answer, record.revocation?.source], ["good", "staple"]);
		assert.ok(!web.requests.some((request) => request.includes(one.ocspPath)));
	});

	test("that says revoked has the client warned, and the strict profile block with certificate_revoked", async () => {
		const one = subject();
		const origin = await serve(one, ocspAbout(one.leaf.certificate, intermediate, "revoked", { reason: 1 }));
		const { isWarned, record } = await visit("a.test", origin);
		assert.ok(isWarned);
		assert.match(record.serverTrust ?? "", /^certificate 0 was revoked on .* \(key compromise\)$/);
		assert.deepEqual([record.revocation?.answer, record.revocation?.source], ["revoked", "staple"]);
		const blocked = await refused("strict.test", origin, /alert certificate revoked|number 44/i);
		assert.equal(blocked.faultCode, "SERVER_CERTIFICATE_REVOKED");
		assert.equal(blocked.clientLeg, undefined);
		const [event] = gateway
			.events("SERVER_CERTIFICATE_REVOKED")
			.filter(({ fields }) => fields.originSha256 === one.leaf.certificate.fingerprint);
		assert.match(event?.fields.reason ?? "", /was revoked on/);
	});
});

describe("an OCSP responder (V12)", () => {
	test("that says good makes the server trusted; the second session asks nothing", async () => {
		const one = subject();
		web.answers.set(one.ocspPath, ocspAbout(one.leaf.certificate, intermediate));
		const origin = await serve(one);
		for (let round = 0; round < 3; round++) {
			const { isTrusted, record } = await visit("a.test", origin);
			assert.ok(isTrusted);
			assert.deepEqual([record.revocation?.answer, record.revocation?.source], ["good", "ocsp"]);
		}
		const asked = web.requests.filter((request) => request.includes(one.ocspPath));
		assert.ok(asked.length >= 1 && asked.length <= gateway.workers().length, `${asked}`);
		assert.match(asked[0] ?? "", /^GET /);
	});

	test("that says revoked has the client warned", async () => {
		const one = subject();
		web.answers.set(one.ocspPath, ocspAbout(one.leaf.certificate, intermediate, "revoked"));
		const { isWarned, record } = await visit("a.test", await serve(one));
		assert.ok(isWarned);
		assert.deepEqual([record.revocation?.answer, record.revocation?.source], ["revoked", "ocsp"]);
	});
});
