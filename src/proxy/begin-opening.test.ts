import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, parseAddress } from "#base/address.ts";
import { beginOpening } from "#proxy/begin-opening.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import type { SessionDecision } from "#proxy/session-decision.ts";
import type { SessionContext } from "#proxy/session-event.ts";
import { SessionFacts } from "#proxy/session-facts.ts";
import { capturedHello, decodedCapture } from "../../test/support/tls-hello.ts";

const client = { address: parseAddress("10.1.4.7") as Address, port: 40_001, reachedAt: "192.0.2.1:8080" };
const profile = { name: "inspect", untrustedCa: "untrusted-ca" } as ProxyProfile;
const rateLimit = { rule: "slow", kilobitsPerSecond: 8 };
const leg = { version: "TLSv1.3", cipherSuite: "TLS_AES_128_GCM_SHA256", isResumed: false };

function begin(decision: Parameters<typeof beginOpening>[0]["decision"]) {
	const facts = new SessionFacts("3f9c2a1b77d0e452", "explicit", client, 0);
	facts.target = { host: "shop.example", port: 443 };
	const asked: unknown[] = [];
	const context = {
		way: { kind: "explicit", protocols: new Set() },
		timeouts: { handshakeMs: 4_000 },
		ownCertificates: () => [],
	} as unknown as SessionContext;
	const policy = {
		certificateShown: (inForce: unknown) => {
			asked.push(inForce);
			return { decision: inForce, told: [] };
		},
	} as unknown as SessionDecision;
	const opened = {
		decision,
		hello: decodedCapture("chromium-1"),
		helloOctets: capturedHello("chromium-1").octets,
		mayReconnect: true,
		isDoubted: false,
	};
	const machine = beginOpening(opened, context, facts, policy);
	machine.start(0);
	return { machine, asked };
}

test("what is to be opened is, and feeds are asked about the server's certificate", () => {
	const decision = { action: "decrypt", rule: "open", fact: "any", profile } as const;
	const { machine, asked } = begin(decision);
	assert.equal(machine.decision, decision);
	const reply = machine.serverSecured({ leg, verdict: { isTrusted: true, reason: "trusted" } }, 1);
	assert.deepEqual([reply.kind, asked], ["go-on", [decision]]);
});

test("an exempt session is let be once the certificate bears its name, and opened with what stages said otherwise", () => {
	const exempt = {
		action: "bypass",
		rule: "open",
		fact: "exempt",
		profile,
		exemptName: "shop.example",
		rateLimit,
	} as const;
	const secured = { leg, verdict: { isTrusted: true, reason: "trusted" } };
	const { machine } = begin(exempt);
	const { fact, ...opened } = machine.decision;
	assert.match(fact, /does not bear shop\.example/);
	assert.deepEqual(opened, { action: "decrypt", rule: "open", profile, rateLimit });
	assert.equal(machine.serverSecured({ ...secured, bearsName: () => true }, 1).kind, "let-be");
	assert.equal(begin(exempt).machine.serverSecured({ ...secured, bearsName: () => false }, 1).kind, "go-on");
});
