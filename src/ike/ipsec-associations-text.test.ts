import assert from "node:assert/strict";
import { test } from "node:test";
import { identityOf, ipsecDetail, ipsecTable } from "#ike/ipsec-associations-text.ts";
import { addressOf } from "../../test/support/ike-network.ts";
import { childState, selectors, shownAt, vpnState } from "../../test/support/vpn-states.ts";

test("B1, B72: the table has two lines a tunnel, what comes in and what goes out", () => {
	const place = { address: addressOf("1212::1112"), port: 4_500 };
	const other = childState({
		cipher: "aes-256-gcm",
		integrity: undefined,
		path: { local: place, remote: place },
		inboundSpi: 0x14ca,
	});
	assert.equal(
		ipsecTable([vpnState(), vpnState({ index: 131_074, children: [other] }), vpnState({ children: [] })], shownAt),
		`  Total active tunnels: 2
  ID    Algorithm       SPI      Life:sec/kb  Mon vsys Port  Gateway
  <131073 ESP:aes-128/sha1 76d64d1d 3363/ unlim  -   root 500   2.2.2.2
  >131073 ESP:aes-128/sha1 a1024ee2 3363/ unlim  -   root 500   2.2.2.2
  <131074 ESP:aes-256-gcm/none 000014ca 3363/ unlim  -   root 4500  1212::1112
  >131074 ESP:aes-256-gcm/none a1024ee2 3363/ unlim  -   root 4500  1212::1112
`,
	);
	assert.equal(ipsecTable([], shownAt), "  Total active tunnels: 0\n");
	for (const [isMonitoredUp, letter, word] of [
		[true, "U", "UP"],
		[false, "D", "DOWN"],
	] as const) {
		const monitored = vpnState({ isMonitoredUp });
		assert.match(ipsecTable([monitored], shownAt), new RegExp(` unlim {2}${letter} {3}root 500 `));
		assert.match(ipsecDetail([monitored], shownAt), new RegExp(`, VPN Monitoring: ${word}\\n`));
	}
	const limited = vpnState({ children: [childState({ octetsLeft: 102_500 })] });
	assert.match(ipsecTable([limited], shownAt), / 3363\/100 /);
	assert.match(ipsecDetail([limited], shownAt), /Lifesize Remaining: {2}Expires in 100 kilobytes/);
});

test("B7, B15, B2: the detail tells both directions, and which lifetimes are left", () => {
	assert.equal(
		ipsecDetail([vpnState({ replayWindow: 0, children: [childState({ softAt: Number.POSITIVE_INFINITY })] })], shownAt),
		`  Virtual-system: root
  VPN Name: ipsec-vpn-chicago
  Local Gateway: 1.1.1.2, Remote Gateway: 2.2.2.2
  Local Identity: ipv4_subnet(any:0,[0..7]=0.0.0.0/0)
  Remote Identity: ipv4_subnet(any:0,[0..7]=0.0.0.0/0)
  Version: IKEv2
    DF-bit: clear
    Bind-interface: st0.0
    Data plane: user-space
    Direction: inbound, SPI: 76d64d1d, AUX-SPI: 0
                              , VPN Monitoring: -
    Hard lifetime: Expires in 3363 seconds
    Lifesize Remaining:  Unlimited
    Soft lifetime: Expired
    Mode: Tunnel, Type: dynamic, State: installed
    Protocol: ESP, Authentication: hmac-sha1-96, Encryption: aes-128-cbc
    Anti-replay service: disabled, Replay window size: 0

    Direction: outbound, SPI: a1024ee2, AUX-SPI: 0
                              , VPN Monitoring: -
    Hard lifetime: Expires in 3363 seconds
    Lifesize Remaining:  Unlimited
    Soft lifetime: Expired
    Mode: Tunnel, Type: dynamic, State: installed
    Protocol: ESP, Authentication: hmac-sha1-96, Encryption: aes-128-cbc
    Anti-replay service: disabled, Replay window size: 0
`,
	);
	assert.match(
		ipsecDetail([vpnState()], shownAt),
		/Soft lifetime: Expires in 2775 seconds[\s\S]*counter-based enabled, Replay window size: 64/,
	);
});

test("identities are those of the manual: subnets, hosts and ranges of either family", () => {
	const texts = ["10.10.10.0/24", "220.0.0.4/32", "::/0", "fd00::1/128"].map((text) => identityOf(selectors(text)));
	assert.deepEqual(texts, [
		"ipv4_subnet(any:0,[0..7]=10.10.10.0/24)",
		"ipv4(any:0,[0..3]=220.0.0.4)",
		"ipv6_subnet(any:0,[0..31]=::/0)",
		"ipv6(any:0,[0..15]=fd00::1)",
	]);
	const [selector] = selectors("10.0.0.0/30");
	assert.ok(selector !== undefined);
	const range = { ...selector, protocol: 6, firstPort: 80, lastPort: 80, last: Uint8Array.of(10, 0, 0, 9) };
	assert.equal(identityOf([range]), "ipv4_range(6:80,[0..7]=10.0.0.0-10.0.0.9)");
});
