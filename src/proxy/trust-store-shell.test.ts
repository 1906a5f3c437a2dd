import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import tls, { createSecureContext, getCACertificates, rootCertificates } from "node:tls";
import type { TrustSelection, TrustSources } from "#pki/trust-selection.ts";
import { TrustStore } from "#proxy/trust-store-shell.ts";
import { type Made, makeCertificate } from "../../test/support/make-certificate.ts";

const corp = makeCertificate({ subject: "CN=Corp Root", isCa: true });
const lab = makeCertificate({ subject: "CN=Lab Root", isCa: true });
const between = makeCertificate({ subject: "CN=Between", isCa: true, issuer: corp });
const nothing: TrustSelection = { groups: new Map(), isDefaultDisabled: false, excluded: new Set() };
const sourcesOf = (profiles: Readonly<Record<string, readonly string[]>>): TrustSources => ({
	profiles: new Map(Object.entries(profiles)),
	groups: new Map(),
	defaultRoots: [],
});
const store = new TrustStore(sourcesOf({ corp: [corp.pem, between.pem], lab: [lab.pem] }), nothing);

/** What OpenSSL says of a server below `issuer` whose chain is the leaf alone, under a store's roots. */
async function opensslVerdict(
	t: TestContext,
	issuer: Made,
	under: TrustStore,
	names: readonly string[],
): Promise<string> {
	const leaf = makeCertificate({ subject: "CN=a.test", names: ["a.test"], issuer });
	// Without roots of its own the server completes its chain from those of the process.
	const server = tls.createServer({ key: leaf.keyPem, cert: leaf.pem, ca: [] }, (socket) => socket.end());
	t.after(() => server.close());
	server.on("tlsClientError", () => undefined);
	await once(server.listen(0, "127.0.0.1"), "listening");
	const roots = under.roots(names);
	const secureContext = createSecureContext(roots.isDefault ? {} : { ca: [...roots.pem] });
	const { port } = server.address() as AddressInfo;
	const socket = tls.connect({
		port,
		host: "127.0.0.1",
		servername: "a.test",
		secureContext,
		rejectUnauthorized: false,
	});
	await once(socket, "secureConnect");
	const { authorizationError } = socket as { authorizationError: unknown };
	socket.destroy();
	return authorizationError === null || authorizationError === undefined ? "trusted" : String(authorizationError);
}

test("R99: a CA profile by name vouches alone, without the public roots", () => {
	const { anchors, pem, intermediates } = store.roots(["corp"]);
	assert.equal(anchors.size, 1);
	assert.equal(anchors.has(corp.certificate), true);
	assert.deepEqual(pem, [corp.pem, between.pem]);
	assert.deepEqual(
		intermediates.map(({ fingerprint }) => fingerprint),
		[between.certificate.fingerprint],
	);
});

test("all means the public roots and every profile", () => {
	const { anchors, pem } = store.roots(["all"]);
	assert.equal(anchors.has(corp.certificate) && anchors.has(lab.certificate), true);
	assert.ok(pem.length > rootCertificates.length / 2);
});

test("a name without a profile vouches for nothing", async (t) => {
	assert.equal(store.roots(["nobody"]).anchors.size, 0);
	assert.match(await opensslVerdict(t, lab, store, ["nobody"]), /UNABLE_TO/);
});

test("the same names give the same roots, decoded once", () => {
	assert.equal(store.roots(["lab"]), store.roots(["lab"]));
});

test("the roots of all are what TLS contexts without roots of their own share, those of a profile are not", () => {
	const { isDefault, pem } = store.roots(["all"]);
	assert.equal(isDefault, true);
	const shared = getCACertificates("default").map((text) => Buffer.from(new X509Certificate(text).raw).toString("hex"));
	for (const { der } of [corp, lab]) assert.ok(shared.includes(Buffer.from(der).toString("hex")));
	assert.equal(new TrustStore(sourcesOf({}), nothing).roots(["all"]).pem.length, pem.length - 3);
	assert.equal(store.roots(["corp"]).isDefault, false);
});

test("the next store takes effect for OpenSSL too: what it no longer holds is refused, what it holds is trusted", async (t) => {
	const first = new TrustStore(sourcesOf({ lab: [lab.pem] }), nothing);
	assert.equal(await opensslVerdict(t, lab, first, ["all"]), "trusted");
	assert.match(await opensslVerdict(t, corp, first, ["all"]), /UNABLE_TO/);
	const second = new TrustStore(sourcesOf({ corp: [corp.pem] }), nothing);
	assert.equal(await opensslVerdict(t, corp, second, ["all"]), "trusted");
	assert.match(await opensslVerdict(t, lab, second, ["all"]), /UNABLE_TO/);
});

test("R108: OpenSSL agrees that an intermediate completes a chain with its root and vouches for nothing without", async (t) => {
	const both = new TrustStore(sourcesOf({ corp: [corp.pem, between.pem] }), nothing);
	const alone = new TrustStore(sourcesOf({ corp: [between.pem] }), nothing);
	assert.equal(await opensslVerdict(t, between, both, ["corp"]), "trusted");
	assert.equal(await opensslVerdict(t, between, both, ["all"]), "trusted");
	assert.match(await opensslVerdict(t, between, alone, ["corp"]), /UNABLE_TO/);
	assert.equal(alone.roots(["corp"]).anchors.size, 0);
});
