import assert from "node:assert/strict";
import { test } from "node:test";
import { compileListeners } from "#proxy/compile-listeners.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import { configOf } from "../../test/support/config-text.ts";

const servers = { name: "servers" } as ProxyProfile;
const listeners = compileListeners(
	configOf(`security { pki { ca-profile own { ca-identity own; } } zones { security-zone outside { } } }
	services {
		ssl {
			proxy { profile servers { server-certificate a; } }
			termination { profile mine { server-certificate [ a b ]; enable-session-cache; } }
			initiation { profile known { trusted-ca own; actions { ignore-server-auth-failure; } } }
		}
		gateway {
			explicit-proxy out { listen 192.0.2.1:8080; }
			reverse shop { listen 192.0.2.1:443; server 10.0.0.1:443; profile servers; from-zone outside; }
			offload web { listen 192.0.2.1:444; server 10.0.0.1:80; termination-profile mine; }
			encrypt mail { listen 127.0.0.1:143; server mail.example:993; initiation-profile known; }
			pass-through any { listen 192.0.2.1:445; server by-sni; }
			pass-through one { listen 192.0.2.1:446; server 10.0.0.2:443; }
		}
	}`),
	(name) => ({ ...servers, name }),
);
const listener = (name: string) => {
	const found = listeners.find((plan) => plan.name === name);
	assert.ok(found, name);
	return found;
};

test("R126 R154: each listener bears its kind in its name, but for the explicit proxy", () => {
	const names = ["out", "reverse shop", "offload web", "encrypt mail", "pass-through any", "pass-through one"];
	assert.deepEqual(
		listeners.map(({ name }) => name),
		names,
	);
	assert.equal(listener("reverse shop").path, "services gateway reverse shop");
	assert.equal(listener("reverse shop").fromZone, "outside");
});

test("R2 R17 R18: the profile of a listener is the one of its statement", () => {
	const { way: reverse } = listener("reverse shop");
	assert.ok(reverse.kind === "reverse" && reverse.profile.name === "servers" && reverse.server.host === "10.0.0.1");
	const { way: offload } = listener("offload web");
	assert.ok(offload.kind === "offload");
	assert.deepEqual([offload.profile.serverCertificates, offload.profile.mayResumeSessions], [["a", "b"], true]);
	const { way: encrypt } = listener("encrypt mail");
	assert.ok(encrypt.kind === "encrypt");
	assert.deepEqual([encrypt.profile.trustStore, encrypt.profile.ignoresServerAuthFailure], [["own"], true]);
	assert.equal(encrypt.profile.untrustedCa, undefined);
});

test("F14: only where the client chooses the server is it kept from this host's own services", () => {
	const local = listeners.filter(({ mayReachLocal }) => mayReachLocal).map(({ name }) => name);
	assert.deepEqual(local, ["reverse shop", "offload web", "encrypt mail", "pass-through one"]);
	assert.deepEqual(listener("pass-through any").way, {
		kind: "pass-through",
		server: { bySniAt: 445 },
		sendsProxy: undefined,
	});
});
