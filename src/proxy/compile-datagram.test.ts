import assert from "node:assert/strict";
import { test } from "node:test";
import { compileDatagram } from "#proxy/compile-datagram.ts";
import { configOf } from "../../test/support/config-text.ts";

const plansOf = (text: string) =>
	compileDatagram(configOf(`services { gateway { ${text} } } security { zones { security-zone lan { } } }`));

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
