import assert from "node:assert/strict";
import { test } from "node:test";
import {
	assembleDefaultStore,
	isRoot,
	resolveTrust,
	selectTrust,
	type TrustSources,
	trustKey,
} from "#pki/trust-selection.ts";
import { configOf } from "../../test/support/config-text.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

const root = (name: string) => makeCertificate({ subject: `CN=${name}`, isCa: true });
const [publicRoot, added, corp, lab, web] = ["Public", "Added", "Corp", "Lab", "Web"].map(root) as [
	ReturnType<typeof root>,
	ReturnType<typeof root>,
	ReturnType<typeof root>,
	ReturnType<typeof root>,
	ReturnType<typeof root>,
];
const between = makeCertificate({ subject: "CN=Between", isCa: true, issuer: corp });
const sources: TrustSources = {
	profiles: new Map([
		["corp", [corp.pem, between.pem]],
		["lab", [lab.pem]],
	]),
	groups: new Map([["web", [web.pem, lab.pem]]]),
	defaultRoots: [added.pem],
};
const select = (statements: string) => selectTrust(configOf(`security { pki { ${statements} } }`));
const none = select("");

function resolve(names: readonly string[], selection = none) {
	const store = () =>
		assembleDefaultStore({ runtime: [publicRoot.pem], environment: [] }, sources.defaultRoots, selection.excluded);
	return resolveTrust(names, sources, selection, store);
}

const subjects = (names: readonly string[], selection = none) =>
	resolve(names, selection).anchors.map(({ subject }) => subject.text.slice(3));

test("R99 R103 R104: all, the public roots with chosen authorities, or chosen ones alone", () => {
	assert.deepEqual(subjects(["all"]), ["Public", "Added", "Corp", "Lab", "Web"]);
	assert.deepEqual(subjects(["default", "lab"]), ["Public", "Added", "Lab"]);
	assert.deepEqual(subjects(["corp"]), ["Corp"]);
	assert.deepEqual(subjects(["web"]), ["Web", "Lab"]);
	assert.deepEqual(subjects(["nobody"]), []);
});

test("a trusted-ca-group stands for its CA profiles", () => {
	const selection = select(
		"ca-profile corp { ca-identity c; } ca-profile lab { ca-identity l; } trusted-ca-group both { ca-profiles [ corp lab ]; }",
	);
	assert.deepEqual(subjects(["both"], selection), ["Corp", "Lab"]);
});

test("R108: a certificate that is no root vouches for nothing by itself and completes chains", () => {
	const { anchors, intermediates } = resolve(["corp"]);
	assert.deepEqual(anchors.length, 1);
	assert.deepEqual(
		intermediates.map(({ subject }) => subject.text),
		["CN=Between"],
	);
	const rollover = makeCertificate({
		subject: "CN=Corp",
		isCa: true,
		issuer: corp,
		issuerName: corp.certificate.subject.raw,
	});
	assert.equal(rollover.certificate.isSelfIssued, true);
	assert.equal(isRoot(rollover.certificate), false);
	assert.equal(isRoot(corp.certificate), true);
});

test("R107: the default store is the runtime's roots and those that were added, each once, single ones excluded", () => {
	const { fingerprint } = publicRoot.certificate;
	const store = assembleDefaultStore(
		{ runtime: [publicRoot.pem, "garbage"], environment: [publicRoot.pem, lab.pem] },
		[lab.pem, added.pem],
		new Set([fingerprint]),
	);
	assert.deepEqual(
		store.roots.map(({ certificate, origin, isExcluded }) => [certificate.subject.text, origin, isExcluded]),
		[
			["CN=Public", "runtime", true],
			["CN=Lab", "environment", false],
			["CN=Added", "file", false],
		],
	);
	assert.equal(store.duplicates, 2);
	assert.equal(store.unreadable, 1);
	const selection = select(`default-trust-store { exclude ${fingerprint}; }`);
	assert.deepEqual(subjects(["default"], selection), ["Added"]);
});

test("a disabled default store gives nothing to all", () => {
	const selection = select("default-trust-store { disable; }");
	assert.deepEqual(subjects(["all"], selection), ["Corp", "Lab", "Web"]);
	assert.equal(resolve(["all"], selection).hasDefaultStore, false);
	assert.deepEqual(subjects(["default"], selection), []);
});

test("R85: the same certificates have the same key, whatever named them, and each is there once", () => {
	assert.equal(resolve(["web"]).key, resolve(["lab", "web"]).key);
	assert.notEqual(resolve(["web"]).key, resolve(["lab"]).key);
	assert.equal(resolve(["lab", "web"]).anchors.length, 2);
});

test("V21: the key of the whole changes with a certificate, a group, an exclusion and the default store", () => {
	const keys = [
		trustKey(sources, none),
		trustKey({ ...sources, profiles: new Map([["lab", [lab.pem]]]) }, none),
		trustKey({ ...sources, groups: new Map() }, none),
		trustKey({ ...sources, defaultRoots: [] }, none),
		trustKey(sources, select("default-trust-store { disable; }")),
		trustKey(sources, select(`default-trust-store { exclude ${lab.certificate.fingerprint}; }`)),
		trustKey(sources, select("ca-profile lab { ca-identity l; } trusted-ca-group g { ca-profiles lab; }")),
	];
	assert.equal(new Set(keys).size, keys.length);
	assert.equal(trustKey(sources, select("")), keys[0]);
});
