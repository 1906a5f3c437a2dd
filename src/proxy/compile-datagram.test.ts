import assert from "node:assert/strict";
import { test } from "node:test";
import { compileDatagram } from "#proxy/compile-datagram.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import { configOf } from "../../test/support/config-text.ts";

const tls = `ssl {
	termination { profile mine { server-certificate shop; } }
	initiation { profile known { trusted-ca all; } }
	proxy { profile servers { server-certificate shop; trusted-ca all; } }
}`;
const plansOf = (text: string) =>
	compileDatagram(
		configOf(`services { gateway { ${text} } ${tls} } security { zones { security-zone lan { } } }`),
		(name) => ({ name }) as ProxyProfile,
	);

test("R20 R34: a listener that passes DTLS knows its server, or that clients name it", () => {
	const [fixed, named] = plansOf(`
		datagram a { listen 192.0.2.1:5061; server a.test:5062; pass-through; idle-timeout 60; from-zone lan; }
		datagram b { listen 192.0.2.1:5684; server by-sni; pass-through; permit-servers-without-cookie; }`);
	assert.deepEqual(fixed, {
		name: "datagram a",
		path: "services gateway datagram a",
		listen: { host: "192.0.2.1", port: 5061 },
		way: { kind: "pass-through", server: { host: "a.test", port: 5062 } },
		mayReachLocal: true,
		fromZone: "lan",
		flow: { permitsServersWithoutCookie: false, idleMs: 60_000 },
	});
	assert.deepEqual(named?.way, { kind: "pass-through", server: { bySniAt: 5684 } });
	assert.deepEqual(
		[named?.mayReachLocal, named?.flow.permitsServersWithoutCookie, named?.flow.idleMs],
		[false, true, 180_000],
	);
});

test("R34: each kind of profile makes its own way in", () => {
	const common = "server a.test:5062;";
	const plans = plansOf(`
		datagram a { listen 192.0.2.1:1; ${common} profile servers; }
		datagram b { listen 192.0.2.1:2; ${common} termination-profile mine; }
		datagram c { listen 192.0.2.1:3; ${common} initiation-profile known; }`);
	assert.deepEqual(
		plans.map(({ way }) => [way.kind, "profile" in way ? way.profile.name : ""]),
		[
			["reverse", "servers"],
			["offload", "mine"],
			["encrypt", "known"],
		],
	);
});
