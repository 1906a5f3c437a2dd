import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { type Prefix, parseAddress, parsePrefix } from "#base/address.ts";
import { ChainRepair } from "#pki/chain-repair-shell.ts";
import { Fetcher } from "#pki/fetch-shell.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import { type Made, makeCertificate } from "../../test/support/make-certificate.ts";
import { certsOnly, pointers, startWeb } from "../../test/support/responder.ts";

const web = await startWeb({ after });
const root = makeCertificate({ isCa: true, subject: "CN=root" });
let made = 0;

/** A leaf below `depth` intermediates, each of which says where its issuer is; the address serves it. */
function chain(depth: number, wrap: (issuer: Made) => Uint8Array = ({ der }) => der) {
	let issuer = root;
	let path = "";
	const intermediates: Made[] = [];
	for (let level = 0; level < depth; level++) {
		const extensions = level === 0 ? [] : pointers({ caIssuers: [web.url(path)] });
		issuer = makeCertificate({ isCa: true, subject: `CN=i${++made}`, issuer, extensions });
		intermediates.push(issuer);
		path = `/i${made}.cer`;
		web.answers.set(path, wrap(issuer));
	}
	const leaf = makeCertificate({ issuer, extensions: pointers({ caIssuers: [web.url(path)] }) });
	return { leaf, intermediates, paths: intermediates.map(({ certificate }) => certificate.subject.text) };
}

function repair(permitted = ["127.0.0.1/32"]) {
	const guard = { permitted: permitted.map((text) => parsePrefix(text) as Prefix), isOwnListener: () => false };
	const lookUp = (host: string, answer: (found: [NonNullable<ReturnType<typeof parseAddress>>]) => void) =>
		answer([parseAddress(host) ?? assert.fail()]);
	return new ChainRepair(new Fetcher(guard, lookUp, () => undefined));
}

async function fetched(leaf: Made, by = repair(), timeoutMs = 2_000): Promise<string[]> {
	const anchors = new TrustAnchors([root.certificate]);
	const { certificates } = await by.complete({ leaf: leaf.certificate, intermediates: [], anchors, timeoutMs });
	return certificates.map(({ subject }) => subject.text);
}

describe("a chain with certificates missing", () => {
	test("has its intermediate fetched, in DER, in a CMS message or as PEM", async () => {
		for (const wrap of [
			({ der }: Made) => der,
			(issuer: Made) => certsOnly(root, issuer),
			({ pem }: Made) => Buffer.from(pem),
		]) {
			const { leaf, paths } = chain(1, wrap);
			assert.deepEqual(await fetched(leaf), paths);
		}
	});

	test("is followed up three certificates and not four", async () => {
		const three = chain(3);
		assert.deepEqual((await fetched(three.leaf)).sort(), three.paths.sort());
		const four = chain(4);
		assert.equal((await fetched(four.leaf)).length, 3);
	});

	test("is fetched once, however many sessions and however often", async () => {
		const { leaf, paths } = chain(1);
		const one = repair();
		const before = web.requests.length;
		const all = await Promise.all(Array.from({ length: 50 }, () => fetched(leaf, one)));
		for (const names of [...all, await fetched(leaf, one)]) assert.deepEqual(names, paths);
		assert.equal(web.requests.length - before, 1);
		assert.equal(one.size.addresses, 1);
	});

	test("gets no certificate that signed itself, and none of another name or key", async () => {
		const impostor = makeCertificate({ isCa: true, subject: "CN=self" });
		const below = makeCertificate({ issuer: impostor, extensions: pointers({ caIssuers: [web.url("/self.cer")] }) });
		web.answers.set("/self.cer", impostor.der);
		assert.deepEqual(await fetched(below), []);
		for (const wrong of [root.der, makeCertificate({ isCa: true, subject: "CN=other", issuer: root }).der]) {
			const { leaf } = chain(1, () => wrong);
			assert.deepEqual(await fetched(leaf), []);
		}
		const { leaf } = chain(
			1,
			({ certificate }) => makeCertificate({ isCa: true, subject: certificate.subject.raw, issuer: root }).der,
		);
		assert.deepEqual(await fetched(leaf), []);
	});

	test("gets nothing out of garbage, from a silent server, or from where nobody may be asked (F14)", async () => {
		const garbage = chain(1, () => Buffer.from("garbage"));
		const one = repair();
		assert.deepEqual(await fetched(garbage.leaf, one), []);
		const before = web.requests.length;
		assert.deepEqual(await fetched(garbage.leaf, one), []);
		assert.equal(web.requests.length, before);
		const { leaf } = chain(1);
		const [path] = [...web.answers.keys()].slice(-1);
		web.answers.set(path ?? "", () => undefined);
		assert.deepEqual(await fetched(leaf, repair(), 100), []);
		assert.deepEqual(await fetched(chain(1).leaf, repair([])), []);
	});
});
