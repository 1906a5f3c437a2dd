import assert from "node:assert/strict";
import { test } from "node:test";
import { stapleSubjects } from "#daemon/worker-staples.ts";
import { OwnCertificates } from "#proxy/own-certificates.ts";
import { makeChain } from "../../test/support/make-certificate.ts";

const { root, intermediate, leaf } = makeChain(["shop.example"]);
const key = new Uint8Array();
const nothing = { authorities: new Map(), crlIssuers: [root.certificate] };

test("each certificate of the list that is there is a subject with its issuer; a broken one above it is passed over", () => {
	const own = new OwnCertificates([
		{ id: "whole", certificates: [leaf.der, Buffer.from("no certificate"), intermediate.der], key },
		{ id: "alone", certificates: [leaf.der], key },
	]);
	const subjects = stapleSubjects(["whole", "alone", "gone"], own, nothing);
	assert.deepEqual(
		subjects.map(({ id, issuer }) => [id, issuer?.fingerprint]),
		[
			["whole", intermediate.certificate.fingerprint],
			["alone", undefined],
		],
	);
});
