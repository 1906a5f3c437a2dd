/** A revoked server never looks good to a client: staples, responders and lists on real sockets, each answer with its action. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { derInteger, derSequence } from "#pki/der.ts";
import { extensionOid } from "#pki/oids.ts";
import { eventually, hostBook, hostPolicy, residentOctets, startGateway } from "../support/gateway.ts";
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
		names: ["a.test", "strict.test", "dropping.test", "hold.test", "careless.test"],
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
const permit = (profile: string) =>
	`permit { application-services { ssl-proxy { profile-name ${profile}; } pattern-policy standard; } }`;
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

	test("that does not know the certificate has the client warned, and the strict profile block", async () => {
		const one = subject();
		web.answers.set(one.ocspPath, ocspAbout(one.leaf.certificate, intermediate, "unknown"));
		const origin = await serve(one);
		const { isWarned, record } = await visit("a.test", origin);
		assert.deepEqual([isWarned, record.revocation?.answer], [true, "unknown"]);
		const blocked = await refused("strict.test", origin, /bad certificate status response|number 113/i);
		assert.equal(blocked.faultCode, "SERVER_STATUS_REFUSED");
	});

	test("R186: that fails is let through and recorded, or the session is dropped, as the profile says (N4)", async () => {
		const one = subject();
		web.answers.set(one.ocspPath, (_, response) => response.writeHead(500).end());
		const origin = await serve(one);
		const { isTrusted, record } = await visit("a.test", origin);
		assert.deepEqual([isTrusted, record.revocation?.answer, record.serverTrust], [true, "unavailable", "trusted"]);
		assert.match(record.revocation?.sentence ?? "", /answered 500/);
		const dropped = await refused("dropping.test", origin, /certificate unknown|number 46/i);
		assert.equal(dropped.faultCode, "SERVER_STATUS_UNAVAILABLE");
		const actions = gateway
			.events("REVOCATION_UNAVAILABLE")
			.filter(({ fields }) => fields.originSha256 === one.leaf.certificate.fingerprint)
			.map(({ fields }) => fields.action);
		assert.deepEqual(new Set(actions), new Set(["allowed", "ended"]));
	});

	test("that is silent holds a session for its timeout and no longer, and sends nothing to the client meanwhile (N8)", async () => {
		const one = subject();
		let isAsked = false;
		web.answers.set(one.ocspPath, () => {
			isAsked = true;
		});
		const { port } = await serve(one);
		const tunnel = await openTunnel(gateway, `a.test:${port}`);
		const before = tunnel.socket.bytesRead;
		const secured = startTls(gateway, tunnel, "a.test", { rejectUnauthorized: false });
		await eventually(() => isAsked, "the question");
		assert.equal(tunnel.socket.bytesRead, before);
		await secured;
		tunnel.socket.destroy();
		assert.equal((await gateway.record(tunnel.localPort)).revocation?.answer, "unavailable");
	});
});

describe("must-staple (V12)", () => {
	const feature = { oid: extensionOid.tlsFeature, value: derSequence(derInteger(5)) };

	test("a server that must staple and does not is not trusted, although its responder says good", async () => {
		const one = subject({ ocsp: true }, { extensions: [feature] });
		web.answers.set(one.ocspPath, ocspAbout(one.leaf.certificate, intermediate));
		const { isWarned, record } = await visit("a.test", await serve(one));
		assert.deepEqual([isWarned, record.revocation?.answer], [true, "staple-missing"]);
		assert.match(record.serverTrust ?? "", /demands a stapled OCSP response; none came/);
	});

	test("one that staples is trusted, also in sessions that it resumes", async () => {
		const one = subject({ ocsp: true }, { extensions: [feature] });
		const origin = await serve(one, ocspAbout(one.leaf.certificate, intermediate));
		for (let round = 0; round < 3; round++) assert.ok((await visit("a.test", origin)).isTrusted);
	});
});

describe("a revocation list (V12)", () => {
	const listOf = (one: Subject, reason?: number) =>
		makeCrl({
			issuer: intermediate,
			revoked: [{ serial: one.leaf.certificate.serial, ...(reason === undefined ? {} : { reason }) }],
		}).der;

	test("that does not name the certificate makes the server trusted, one that does has the client warned", async () => {
		const good = subject({ crl: true });
		web.answers.set(good.crlPath, makeCrl({ issuer: intermediate }).der);
		assert.equal((await visit("a.test", await serve(good))).record.revocation?.source, "crl");
		const bad = subject({ crl: true });
		web.answers.set(bad.crlPath, listOf(bad, 1));
		const { isWarned, record } = await visit("a.test", await serve(bad));
		assert.deepEqual([isWarned, record.revocation?.answer], [true, "revoked"]);
	});

	test("that puts a certificate on hold counts, unless the profile ignores holds; another reason counts there too", async () => {
		const held = subject({ crl: true });
		web.answers.set(held.crlPath, listOf(held, 6));
		const origin = await serve(held);
		assert.ok((await visit("a.test", origin)).isWarned);
		const { isTrusted, record } = await visit("hold.test", origin);
		assert.ok(isTrusted);
		assert.match(record.revocation?.sentence ?? "", /on hold\), which this profile ignores/);
		const stolen = subject({ crl: true });
		web.answers.set(stolen.crlPath, listOf(stolen, 1));
		assert.ok((await visit("hold.test", await serve(stolen))).isWarned);
	});

	test("that is huge is no answer, and no worker grows by it", async () => {
		const one = subject({ crl: true });
		const chunk = Buffer.alloc(1_048_576);
		web.answers.set(one.crlPath, (_, response) => {
			const more = () => {
				while (!response.destroyed && response.write(chunk));
			};
			response.on("drain", more);
			more();
		});
		const before = gateway.workers().map(residentOctets);
		const { isTrusted, record } = await visit("a.test", await serve(one));
		assert.deepEqual([isTrusted, record.revocation?.answer], [true, "unavailable"]);
		for (const [index, worker] of gateway.workers().entries())
			assert.ok(residentOctets(worker) - (before[index] ?? 0) < 200 * 1_048_576);
	});
});

describe("a profile without the checks", () => {
	test("asks nobody, and the record says nothing about revocation", async () => {
		const one = subject();
		web.answers.set(one.ocspPath, ocspAbout(one.leaf.certificate, intermediate, "revoked"));
		const origin = await serve(one, ocspAbout(one.leaf.certificate, intermediate, "revoked"));
		const { isTrusted, record } = await visit("careless.test", origin);
		assert.deepEqual([isTrusted, record.revocation], [true, undefined]);
		assert.ok(!web.requests.some((request) => request.includes(one.ocspPath)));
	});
});

test("V21: a session that is resumed has its certificate asked about again once the verdict ran out", async () => {
	const one = subject();
	const soon = Date.now() + 2_000;
	web.answers.set(one.ocspPath, ocspAbout(one.leaf.certificate, intermediate, "good", { nextUpdate: soon }));
	const origin = await serve(one);
	const first = await visit("a.test", origin);
	assert.deepEqual([first.isTrusted, first.record.serverLeg?.isResumed], [true, false]);
	web.answers.set(one.ocspPath, ocspAbout(one.leaf.certificate, intermediate, "revoked"));
	await eventually(() => Date.now() > soon + 1_000, "the end of the answer");
	const second = await visit("a.test", origin);
	assert.deepEqual([second.isWarned, second.record.revocation?.answer], [true, "revoked"]);
});

test("two hundred sessions at once cause one question in each worker", async () => {
	const one = subject();
	web.answers.set(one.ocspPath, (_, response) => {
		setTimeout(() => response.end(ocspAbout(one.leaf.certificate, intermediate)), 100);
	});
	const origin = await serve(one);
	const clients = await Promise.all(
		Array.from({ length: 200 }, () => openTls(gateway, `a.test:${origin.port}`, { rejectUnauthorized: false })),
	);
	for (const client of clients) assert.match(client.socket.getPeerX509Certificate()?.issuer ?? "", /CN=Sallyport CA/);
	for (const client of clients) client.socket.destroy();
	const asked = web.requests.filter((request) => request.includes(one.ocspPath)).length;
	assert.ok(asked >= 1 && asked <= gateway.workers().length, `${asked} questions`);
});
