/** A device that goes from one network to another while its tunnel stands (MOBIKE). The device is strongSwan. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../support/gateway.ts";
import { requireNamespaces } from "../support/namespaces.ts";
import {
	Charon,
	command,
	commit,
	echoes,
	makeVpnLab,
	pings,
	startVpnGateway,
	vpnLabPeers,
} from "../support/vpn-lab.ts";
import { statements } from "../support/vpn-statements.ts";

const swan = `connections { t {
  version = 2
  remote_addrs = 1.1.1.2
  proposals = aes256gcm16-prfsha256-ecp256
  mobike = yes
  local { auth = psk
    id = ann.example }
  remote { auth = psk
    id = hq.example }
  children { c { local_ts = 0.0.0.0/0
    remote_ts = 0.0.0.0/0
    esp_proposals = aes256gcm16 } } } }
secrets { ike-1 { secret = "a secret of both" } }
`;

test("a device of strongSwan changes its address: the association goes on, and a connection through its tunnel does too", async (t) => {
	if (!requireNamespaces(t, vpnLabPeers)) return;
	const lab = await makeVpnLab(t);
	lab.internet.ip("address add 2.2.3.1/24 dev far");
	const gateway = await startVpnGateway(t, lab.gateway);
	await commit(gateway, [
		...statements().filter((line) => !line.includes("address 2.2.2.2")),
		"set security ike gateway peer ike-policy p external-interface wan.0 version v2-only",
		"set security ike gateway peer dynamic hostname ann.example",
		"set security ike gateway peer local-identity hostname hq.example",
		"set security ike gateway peer mobike",
		'set security ike policy p pre-shared-key ascii-text "a secret of both"',
	]);
	const charon = await Charon.start(t, lab.peer, swan);
	const said = await charon.control("--initiate", "--child", "c", "--timeout", "10");
	assert.match(said, /completed successfully/, charon.log().slice(-3_000));
	await eventually(() => pings(lab.host, "192.168.168.10"), "an echo");
	const detail = () => command(gateway, "show security ike security-associations detail");
	const cookies = async () => /Initiator cookie: \S+ Responder cookie: \S+/.exec(await detail())?.[0];
	const before = await cookies();
	assert.ok(before !== undefined);
	const transfer = echoes(t, lab, 20_000_000);
	lab.peer.ip("address add 2.2.3.2/24 dev wan", "route replace default via 2.2.3.1", "address del 2.2.2.2/30 dev wan");
	await eventually(async () => /IKE peer 2\.2\.3\.2/.test(await detail()), "the peer at its new address");
	await eventually(() => pings(lab.host, "192.168.168.10"), "an echo at the new address");
	assert.equal(await transfer, true);
	// ESP in user space of strongSwan cannot move an association: it replaces the child right after the move.
	assert.equal(await cookies(), before);
	assert.equal(gateway.events("IKE_ESTABLISHED").length, 1);
	assert.match(charon.log(), /parsed INFORMATIONAL response \d+ \[ N\(NATD_S_IP\) N\(NATD_D_IP\) N\(COOKIE2\) \]/);
	assert.match(charon.log(), /parsed INFORMATIONAL request \d+ \[ N\(COOKIE2\) \]/);
	// Where it is not allowed a device that moves has to begin anew.
	await commit(gateway, ["delete security ike gateway peer mobike"]);
	await eventually(async () => !/ESTABLISHED/.test(await charon.control("--list-sas")), "the end");
});
