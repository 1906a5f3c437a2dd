import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { test } from "node:test";
import { HostPatternMap } from "#base/host-name.ts";
import { CookieJar } from "#dtls/cookie.ts";
import { pemCertificates } from "#pki/pem.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import { dtlsResources } from "#proxy/dtls-resources-shell.ts";
import { ServerJudge } from "#proxy/judge-server.ts";
import { OwnCertificates } from "#proxy/own-certificates.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import type { SessionResources } from "#proxy/session-resources-shell.ts";
import { type Identity, TestCa } from "../../test/support/origins.ts";
import { seededRandom } from "../../test/support/seeded-random.ts";

const ca = new TestCa();
const own = (id: string, { cert, key }: Identity) => ({
	id,
	certificates: pemCertificates(cert),
	key: Uint8Array.from(createPrivateKey(key).export({ type: "pkcs8", format: "der" })),
});

function made() {
	const told: unknown[] = [];
	const clientCertificates = new HostPatternMap<string>();
	clientCertificates.set("*.test", "shop");
	const profile = { trustStore: ["all"], validation: "web-pki", clientCertificates } as unknown as ProxyProfile;
	const resources = {
		ownCertificates: new OwnCertificates([
			own("shop", ca.identity(["shop.test"])),
			own("odd", ca.identity(["odd.test"], { key: "p521" })),
		]),
		trustedRoots: () => ({ anchors: new TrustAnchors([ca.root.certificate]), intermediates: [], key: "test" }),
		judge: new ServerJudge(4, new Set(), (facts) => void told.push(facts)),
		revocation: { check: (question: unknown) => void told.push(question) },
		inspect: ({ alpn }: { alpn: string }) => void told.push(alpn),
	} as unknown as SessionResources;
	return { dtls: dtlsResources(resources, new CookieJar(seededRandom("a"), 0)), profile, told };
}

test("certificates of one's own are read once, whichever key they have; unknown names are none", () => {
	const { dtls, profile } = made();
	const [identity] = dtls.identities(["shop", "missing"]);
	assert.equal(identity?.authentication, "ECDSA");
	assert.equal(dtls.identities(["shop"])[0], identity);
	assert.equal(dtls.clientIdentity(profile, "A.test"), identity);
	assert.equal(dtls.clientIdentity(profile, "a.example"), undefined);
	assert.equal(dtls.random(7).length, 7);
});

test("our own validation judges a server alone, and no disagreement with OpenSSL is told", () => {
	const { dtls, profile, told } = made();
	const judge = (identity: Identity, host: string) => {
		const judgement = dtls.judgeServer(pemCertificates(identity.cert), host, profile, Date.now());
		return judgement.kind === "judged" ? judgement.judged.reason : judgement.kind;
	};
	assert.equal(judge(ca.identity(["a.test"]), "a.test"), "trusted");
	assert.match(judge(ca.identity(["a.test"]), "b.test"), /expected b\.test/);
	assert.notEqual(judge(new TestCa("Stranger").identity(["a.test"]), "a.test"), "trusted");
	assert.equal(dtls.judgeServer([], "a.test", profile, 0).kind, "unreadable");
	assert.deepEqual(told, []);
});

test("a client is judged under the listener's authorities, and datagrams are inspected as what they are", () => {
	const { dtls, profile, told } = made();
	const clients = { isRequired: true, trustStore: ["all"] };
	const device = ca.identity(["device"], { extendedKeyUsage: ["1.3.6.1.5.5.7.3.2"] });
	assert.equal(dtls.judgeClient(pemCertificates(device.cert), clients, Date.now()).kind, "proved");
	assert.equal(dtls.judgeClient([], clients, Date.now()).kind, "refused");
	dtls.inspect({ profile } as never);
	assert.deepEqual(told, ["datagrams"]);
});
