/** Users of VPNs by EAP, with strongSwan as the other end in either role, each by the statements that an operator writes. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { eventually, makeStateDirectory } from "../support/gateway.ts";
import { makeCertificate } from "../support/make-certificate.ts";
import { makeCrlDer } from "../support/make-crl.ts";
import { requireNamespaces } from "../support/namespaces.ts";
import { requirePeers } from "../support/peers.ts";
import { Charon, command, commit, makeVpnLab, pings, startVpnGateway, vpnLabPeers } from "../support/vpn-lab.ts";

const plugins = ["/usr/lib/ipsec/plugins/libstrongswan-eap-mschapv2.so"];
const root = makeCertificate({ subject: "CN=VPN test root", isCa: true });
const certified = (name: string, serial = 600n) =>
	makeCertificate({ subject: `CN=${name}`, names: [name], issuer: root, key: "p256", serial, extendedKeyUsage: [] });

const statements = [
	"set interfaces lan unit 0 family inet address 10.10.10.1/24",
	"set interfaces wan unit 0 family inet address 1.1.1.2/30",
	"set interfaces st0 unit 0 family inet address 10.11.11.10/24",
	"set routing-options static route 192.168.168.0/24 next-hop st0.0",
	"set security ike proposal p authentication-method ecdsa-signatures-256 authentication-algorithm sha-256",
	"set security ike proposal p encryption-algorithm aes-256-gcm dh-group group19",
	"set security ike policy p proposals p",
	"set security ike gateway peer ike-policy p external-interface wan.0 address 2.2.2.2 version v2-only",
	"set security pki ca-profile partners ca-identity partners",
	"set security ipsec proposal p encryption-algorithm aes-256-gcm",
	"set security ipsec policy p proposals p",
	"set security ipsec vpn peer bind-interface st0.0 ike gateway peer",
	"set security ipsec vpn peer ike ipsec-policy p",
];

const swan = (local: string, remote: string, secret: string) => `connections { t {
  version = 2
  local_addrs = 2.2.2.2
  remote_addrs = 1.1.1.2
  proposals = aes256gcm16-prfsha256-ecp256
  local { ${local} }
  remote { ${remote} }
  children { c { local_ts = 0.0.0.0/0
    remote_ts = 0.0.0.0/0
    esp_proposals = aes256gcm16 } } } }
secrets { eap-1 { id = ann
    secret = "${secret}" } }
`;

test("a user of strongSwan is let in by MSCHAPv2 behind the gateway's certificate; a wrong password is not, and guessing is slowed", async (t) => {
	if (!requirePeers(t, plugins) || !requireNamespaces(t, vpnLabPeers)) return;
	const lab = await makeVpnLab(t);
	const own = certified("hq.example");
	const state = makeStateDirectory(t);
	const certificates = { gw: { cert: own.pem, key: own.keyPem, made: own } };
	const gateway = await startVpnGateway(t, lab.gateway, { state, certificates });
	await commit(gateway, [
		...statements,
		"set security ike policy p certificate local-certificate gw",
		"set security ike gateway peer local-identity hostname hq.example",
		"set security ike gateway peer general-ikeid",
		"set security ike gateway peer aaa access-profile office",
		'set access profile office client ann firewall-user password "correct horse"',
	]);
	const user = (secret: string) =>
		swan("auth = eap-mschapv2\n    eap_id = ann\n    id = ann", "auth = pubkey\n    id = hq.example", secret);
	const credentials = { certificate: own.pem, key: own.keyPem, authority: root.pem };
	const charon = await Charon.start(t, lab.peer, user("correct horse"), credentials);
	const said = await charon.control("--initiate", "--child", "c", "--timeout", "10");
	assert.match(said, /initiate completed successfully/, charon.log().slice(-4_000));
	await eventually(() => pings(lab.host, "192.168.168.10"), "an echo");
	const shown = await command(gateway, "show security ike security-associations detail");
	assert.match(shown, /Peer ike-id: ann\n/);
	assert.doesNotMatch(await command(gateway, "show configuration"), /correct horse/);
	// Another password throws the user out, and lets it in no more.
	await commit(gateway, ['set access profile office client ann firewall-user password "another horse"']);
	await eventually(async () => !/ESTABLISHED/.test(await charon.control("--list-sas")), "the end");
	for (let count = 0; count < 6; count++) await charon.control("--initiate", "--child", "c", "--timeout", "5");
	const reasons = () => gateway.events("IKE_NEGOTIATION_FAILED").map(({ fields }) => fields.reason ?? "");
	const count = (pattern: RegExp) => reasons().filter((reason) => pattern.test(reason)).length;
	await eventually(() => count(/too many wrong passwords/) === 1, "the sixth try to be refused");
	assert.equal(count(/user ann is not known or has another password/), 5);
	assert.doesNotMatch(reasons().join(), /horse/);
});

test("the gateway is a user of strongSwan by MSCHAPv2", async (t) => {
	if (!requirePeers(t, plugins) || !requireNamespaces(t, vpnLabPeers)) return;
	const lab = await makeVpnLab(t);
	const peer = certified("branch.example");
	const server = swan(
		"auth = pubkey\n    certs = peer.pem\n    id = branch.example",
		"auth = eap-mschapv2\n    eap_id = %any",
		"correct horse",
	);
	const credentials = { certificate: peer.pem, key: peer.keyPem, authority: root.pem };
	const charon = await Charon.start(t, lab.peer, server, credentials);
	const state = makeStateDirectory(t);
	mkdirSync(join(state, "trust"));
	writeFileSync(join(state, "trust/partners.pem"), root.pem);
	const gateway = await startVpnGateway(t, lab.gateway, { state });
	await commit(gateway, [
		...statements,
		"set security ike gateway peer remote-identity hostname branch.example",
		"set security ike gateway peer aaa client username ann",
		'set security ike gateway peer aaa client password "correct horse"',
	]);
	await eventually(() => pings(lab.host, "192.168.168.10"), "an echo");
	assert.match(await charon.control("--list-sas"), /EAP: 'ann'/);
});

test("a user of strongSwan is let in by a certificate in EAP-TLS; one that was revoked, or of another authority, is not", async (t) => {
	if (!requirePeers(t, ["/usr/lib/ipsec/plugins/libstrongswan-eap-tls.so"]) || !requireNamespaces(t, vpnLabPeers))
		return;
	const lab = await makeVpnLab(t);
	const own = certified("hq.example");
	const state = makeStateDirectory(t);
	mkdirSync(join(state, "trust"));
	writeFileSync(join(state, "trust/partners.pem"), root.pem);
	const certificates = { gw: { cert: own.pem, key: own.keyPem, made: own } };
	const gateway = await startVpnGateway(t, lab.gateway, { state, certificates });
	await commit(gateway, [
		...statements,
		"set security ike policy p certificate local-certificate gw",
		"set security ike gateway peer local-identity hostname hq.example",
		"set security ike gateway peer general-ikeid",
		"set security ike gateway peer aaa eap-tls",
		"set security ike gateway peer aaa access-profile office",
		'set access profile office client ann firewall-user password "correct horse"',
	]);
	const connection = swan(
		"auth = eap-tls\n    certs = peer.pem\n    eap_id = ann.example\n    id = ann.example",
		"auth = pubkey\n    id = hq.example",
		"unused",
	);
	const ann = certified("ann.example", 700n);
	const charon = await Charon.start(t, lab.peer, connection, {
		certificate: ann.pem,
		key: ann.keyPem,
		authority: root.pem,
	});
	const said = await charon.control("--initiate", "--child", "c", "--timeout", "10");
	assert.match(said, /initiate completed successfully/, charon.log().slice(-6_000));
	await eventually(() => pings(lab.host, "192.168.168.10"), "an echo");
	assert.match(await command(gateway, "show security ike security-associations detail"), /Peer ike-id: ann\.example\n/);
	// Her certificate is revoked while she is in.
	const list = join(state, "users.crl");
	writeFileSync(list, makeCrlDer({ issuer: root, revoked: [{ serial: 700n }], number: 1n }));
	await command(gateway, `request security pki crl load ca-profile partners filename ${list}`);
	const refused = (pattern: RegExp) =>
		gateway.events("IKE_NEGOTIATION_FAILED").some(({ fields }) => pattern.test(fields.reason ?? ""));
	await eventually(() => refused(/is not trusted any more: .*revoked/), "the end");
	await eventually(async () => !/ESTABLISHED/.test(await charon.control("--list-sas")), "the end at the user");
	assert.doesNotMatch(await charon.control("--initiate", "--child", "c", "--timeout", "10"), /completed successfully/);
	await eventually(() => refused(/user ann\.example: .*revoked/), "the refusal");
	await charon.kill();
	// Another authority's certificate with the same name.
	const stranger = makeCertificate({
		subject: "CN=ann.example",
		names: ["ann.example"],
		key: "p256",
		extendedKeyUsage: [],
	});
	const other = await Charon.start(t, lab.peer, connection, {
		certificate: stranger.pem,
		key: stranger.keyPem,
		authority: root.pem,
	});
	assert.doesNotMatch(await other.control("--initiate", "--child", "c", "--timeout", "10"), /completed successfully/);
	await eventually(
		() =>
			gateway.events("IKE_NEGOTIATION_FAILED").some(({ fields }) => /user ann\.example: /.test(fields.reason ?? "")),
		"the refusal",
	);
	await other.kill();
	// A user with a password beside them: TLS is declined.
	const third = await Charon.start(
		t,
		lab.peer,
		swan("auth = eap-mschapv2\n    eap_id = ann\n    id = ann", "auth = pubkey\n    id = hq.example", "correct horse"),
		{ certificate: own.pem, key: own.keyPem, authority: root.pem },
	);
	assert.match(await third.control("--initiate", "--child", "c", "--timeout", "10"), /completed successfully/);
});
