import assert from "node:assert/strict";
import { test } from "node:test";
import { orderChain } from "#pki/order-chain.ts";
import { makeCertificate, makeChain } from "../../test/support/make-certificate.ts";

test("R77: the chain is in order whatever the file's order is, without strangers", () => {
	const { root, intermediate, leaf } = makeChain();
	const stranger = makeCertificate({ subject: "CN=Stranger", isCa: true });
	const others = [stranger, root, leaf, intermediate].map(({ certificate }) => certificate);
	assert.deepEqual(orderChain(leaf.certificate, others), [intermediate.certificate, root.certificate]);
	assert.deepEqual(orderChain(root.certificate, others), []);
	assert.deepEqual(orderChain(leaf.certificate, [stranger.certificate]), []);
});

test("a certificate with the issuer's name and another key is not in the chain", () => {
	const { intermediate, leaf } = makeChain();
	const impostor = makeCertificate({ subject: "O=Sallyport Test,CN=Test Intermediate", isCa: true });
	assert.deepEqual(orderChain(leaf.certificate, [impostor.certificate, intermediate.certificate]), [
		intermediate.certificate,
	]);
});

test("CAs that vouch for each other end the chain", () => {
	const one = makeCertificate({ subject: "CN=One", isCa: true });
	const two = makeCertificate({ subject: "CN=Two", isCa: true, issuer: one });
	const crossed = makeCertificate({ subject: "CN=One", isCa: true, issuer: two, key: one });
	const chain = orderChain(two.certificate, [crossed.certificate, two.certificate]);
	assert.deepEqual(chain, [crossed.certificate, two.certificate]);
});
