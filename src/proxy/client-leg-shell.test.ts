import assert from "node:assert/strict";
import { test } from "node:test";
import { ClientLeg } from "#proxy/client-leg-shell.ts";
import type { JudgedServer } from "#proxy/judge-server.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import type { SessionEvent } from "#proxy/session-event.ts";
import type { SessionMachine } from "#proxy/session-machine.ts";
import type { SessionResources } from "#proxy/session-resources-shell.ts";
import { gradeLegs } from "#tls/leg-settings.ts";
import { decodedCapture } from "../../test/support/tls-hello.ts";

test("V9: no leaf is minted for a key that is shorter than any leaf's", () => {
	const told: SessionEvent[] = [];
	const resources = {} as SessionResources;
	const leg = new ClientLeg({} as SessionMachine, resources, (event) => told.push(event));
	const judged = { certificate: { publicKey: { kind: "rsa", bits: 512 } } } as unknown as JudgedServer;
	const hello = decodedCapture("chromium-1");
	const profile = { legs: gradeLegs("strict") } as ProxyProfile;
	leg.prepareContext({ type: "prepare-context", hello, signer: "trusted", profile }, judged);
	const [failed] = told;
	assert.ok(failed?.type === "context-failed");
	assert.match(failed.fault.message, /rsa, 512 bits/);
	assert.equal(leg.tls, undefined);
});
