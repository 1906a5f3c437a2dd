/** Certificates of VPN peers: which subjects are let in, and none that was revoked. The peer is strongSwan. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { eventually, type Gateway, makeStateDirectory } from "../support/gateway.ts";
import { type Made, makeCertificate } from "../support/make-certificate.ts";
import { makeCrlDer } from "../support/make-crl.ts";
import { requireNamespaces } from "../support/namespaces.ts";
import { ocspAbout, pointers } from "../support/responder.ts";
import {
	Charon,
	command,
	commit,
	makeVpnLab,
	pings,
	serveFiles,
	startVpnGateway,
	type VpnLab,
	vpnLabPeers,
} from "../support/vpn-lab.ts";
import { statements, swan } from "../support/vpn-statements.ts";

const listUrl = "http://1.1.1.1:8080/list.crl";
const root = makeCertificate({ subject: "CN=VPN test root", isCa: true });
const own = makeCertificate({ subject: "CN=hq", names: ["hq.example"], issuer: root, extendedKeyUsage: [] });
const branchOf = (serial: bigint, to: Parameters<typeof pointers>[0]) =>
	makeCertificate({
		subject: "C=NO,O=Example,OU=Branches,CN=north",
		names: ["branch.example"],
		issuer: root,
		serial,
		extensions: pointers(to),
		extendedKeyUsage: [],
	});
const good = branchOf(100n, { crls: [listUrl] });
const revoked = branchOf(200n, { crls: [listUrl] });
const bySubject = "C=NO, O=Example, OU=Branches, CN=north";

/** A gateway that trusts the root, and a folder that the internet serves once `serve` is called. */
async function makeWorld(t: TestContext): Promise<{ lab: VpnLab; gateway: Gateway; folder: string }> {
	const lab = await makeVpnLab(t);
	const folder = mkdtempSync(join(tmpdir(), "sallyport-lists-"));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	const state = makeStateDirectory(t);
	mkdirSync(join(state, "trust"));
	writeFileSync(join(state, "trust/partners.pem"), root.pem);
	const certificates = { gw: { cert: own.pem, key: own.keyPem, made: own } };
	const gateway = await startVpnGateway(t, lab.gateway, { state, certificates });
	await commit(gateway, [
		...statements("ecdsa-signatures-256"),
		"set security pki ca-profile partners ca-identity partners",
		"set security ike policy p certificate local-certificate gw",
		"set security ike gateway peer local-identity hostname hq.example",
		'set security ike gateway peer remote-identity distinguished-name wildcard "OU=Branches,O=Example"',
	]);
	return { lab, gateway, folder };
}

const startBranch = (t: TestContext, lab: VpnLab, { pem, keyPem }: Made) =>
	Charon.start(t, lab.peer, swan({ auth: "pubkey", own: `"${bySubject}"`, peer: "hq.example" }), {
		certificate: pem,
		key: keyPem,
		authority: root.pem,
	});
const reasons = (gateway: Gateway) => gateway.events("IKE_NEGOTIATION_FAILED").map(({ fields }) => fields.reason);
const initiate = (charon: Charon) => charon.control("--initiate", "--child", "c", "--timeout", "8");

test("B20, B24: a peer whose certificate a list names is refused, whoever begins; one that is revoked later is put out", async (t) => {
	if (!requireNamespaces(t, vpnLabPeers)) return;
	const { lab, gateway, folder } = await makeWorld(t);
	const writeList = (serials: readonly bigint[], number: bigint) => {
		const der = makeCrlDer({ issuer: root, revoked: serials.map((serial) => ({ serial })), number });
		writeFileSync(join(folder, "list.crl"), der);
	};
	writeList([200n], 1n);
	await serveFiles(t, lab.internet, "1.1.1.1", folder);

	const stranger = await startBranch(t, lab, revoked);
	assert.match(await initiate(stranger), /AUTHENTICATION_FAILED/);
	await eventually(() => reasons(gateway).some((one) => /the peer is not trusted: .*revoked/.test(one)), "the refusal");
	const before = reasons(gateway).length;
	pings(lab.host, "192.168.168.10");
	await eventually(() => reasons(gateway).length > before, "the refusal of the one that is asked");
	assert.match(reasons(gateway).at(-1) ?? "", /the peer is not trusted: .*revoked/);
	assert.equal(gateway.events("IKE_ESTABLISHED").length, 0);
	await stranger.kill();

	const branch = await startBranch(t, lab, good);
	assert.match(await initiate(branch), /completed successfully/);
	assert.match(
		await command(gateway, "show security ike security-associations detail"),
		/Peer ike-id: CN=north,OU=Branches,O=Example,C=NO/,
	);
	assert.match(await command(gateway, "show security pki crl"), /list\.crl/);

	writeList([100n, 200n], 2n);
	await command(gateway, `request security pki crl load ca-profile partners filename ${join(folder, "list.crl")}`);
	await eventually(() => reasons(gateway).some((one) => /is not trusted any more/.test(one)), "the end");
	await eventually(async () => !/ESTABLISHED/.test(await branch.control("--list-sas")), "the end at the peer");

	await commit(gateway, [
		"set security ike gateway peer remote-identity distinguished-name wildcard OU=Suppliers",
		"set security pki ca-profile partners revocation-check disable",
	]);
	await initiate(branch);
	await eventually(
		() => reasons(gateway).some((one) => /OU=Branches.*whom no connection expects/.test(one)),
		"a subject",
	);
	await commit(gateway, [
		'set security ike gateway peer remote-identity distinguished-name container "C=NO,OU=Branches"',
		"delete security ike gateway peer remote-identity distinguished-name wildcard",
	]);
	assert.match(await initiate(branch), /completed successfully/);
});

test("B20: nobody is let in while list and responder cannot be asked, unless the CA profile accepts that", async (t) => {
	if (!requireNamespaces(t, vpnLabPeers)) return;
	const { lab, gateway, folder } = await makeWorld(t);
	const branch = await startBranch(t, lab, good);
	await initiate(branch);
	await eventually(() => reasons(gateway).some((one) => /could not be found out/.test(one)), "the refusal");
	assert.equal(gateway.events("IKE_ESTABLISHED").length, 0);
	const check = "set security pki ca-profile partners revocation-check";
	await commit(gateway, [`${check} crl disable on-download-failure`]);
	assert.match(await initiate(branch), /completed successfully/);
	await command(gateway, "clear security ike security-associations");

	// A responder that the operator names goes before what the certificate says.
	writeFileSync(join(folder, "ocsp"), ocspAbout(good.certificate, root, "revoked"));
	const base = await serveFiles(t, lab.internet, "1.1.1.1", folder);
	await commit(gateway, [`${check} use-ocsp`, `${check} ocsp url ${base}ocsp`]);
	await initiate(branch);
	await eventually(() => reasons(gateway).some((one) => /not trusted: .*revoked/.test(one)), "the responder's word");
});
