import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProxyProfile } from "#proxy/profile.ts";
import { ownServer, readsHelloFirst, serverBySni, sourceFor, tlsSides, type WayIn } from "#proxy/way-in.ts";

const server = { host: "192.0.2.10", port: 443 };
const profile = { starttls: "drop" } as ProxyProfile;

test("R17 R18 R19 R20: each way in has its sides with TLS, and knows whether the ClientHello chooses the server", () => {
	const rows: readonly (readonly [WayIn, string, boolean, boolean])[] = [
		[{ kind: "explicit", protocols: new Set() }, "both", false, false],
		[{ kind: "transparent", preservesSource: true }, "both", false, false],
		[{ kind: "reverse", server, profile }, "both", true, true],
		[{ kind: "offload", server, profile }, "client", true, true],
		[{ kind: "encrypt", server, profile }, "server", false, true],
		[{ kind: "pass-through", server }, "both", false, true],
		[{ kind: "pass-through", server: { bySniAt: 443 } }, "both", true, false],
	];
	for (const [way, sides, isHelloFirst, hasServer] of rows) {
		assert.equal(tlsSides(way), sides, way.kind);
		assert.equal(readsHelloFirst(way), isHelloFirst, way.kind);
		assert.equal(ownServer(way), hasServer ? server : undefined, way.kind);
	}
});

test("a ClientHello chooses the server where the listener has none, and a client keeps its address where it may", () => {
	const bySni: WayIn = { kind: "pass-through", server: { bySniAt: 8443 } };
	assert.deepEqual(serverBySni(bySni, "a.test"), { host: "a.test", port: 8443 });
	assert.equal(serverBySni(bySni, undefined), undefined);
	assert.equal(serverBySni({ kind: "pass-through", server }, "a.test"), undefined);
	const client = { address: { octets: Uint8Array.of(10, 1, 4, 7) } };
	assert.equal(sourceFor({ kind: "transparent", preservesSource: true }, client), client.address);
	assert.equal(sourceFor({ kind: "transparent", preservesSource: false }, client), undefined);
	assert.equal(sourceFor(bySni, client), undefined);
});
