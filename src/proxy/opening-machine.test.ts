import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, parseAddress } from "#base/address.ts";
import { fault } from "#base/fault.ts";
import { OpeningMachine, type OpeningReply } from "#proxy/opening-machine.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import { SessionFacts } from "#proxy/session-facts.ts";
import type { TlsSides } from "#proxy/way-in.ts";
import type { LegRecord } from "#telemetry/session-record.ts";
import { capturedHello, decodedCapture } from "../../test/support/tls-hello.ts";

const client = { address: parseAddress("10.1.4.7") as Address, port: 40_001, reachedAt: "192.0.2.1:8080" };
const leg: LegRecord = { version: "TLSv1.3", cipherSuite: "TLS_AES_128_GCM_SHA256", alpn: "h2", isResumed: false };
const trusted = { isTrusted: true, reason: "trusted" };
const lost = { isTrusted: false, reason: "no issuer", isIssuerMissing: true };

/** Only what the opening asks of a profile. */
function open(
	parts: Partial<ProxyProfile> = {},
	sides: TlsSides = "both",
	ownCertificates: readonly string[] = [],
): { machine: OpeningMachine; facts: SessionFacts } {
	const facts = new SessionFacts("3f9c2a1b77d0e452", "explicit", client, 0);
	facts.target = { host: "shop.example", port: 443 };
	const profile = { name: "inspect", untrustedCa: "untrusted-ca", ...parts } as ProxyProfile;
	const decision = { action: "decrypt", rule: "open", fact: "any", profile } as const;
	const hello = decodedCapture("chromium-1");
	const { octets } = capturedHello("chromium-1");
	const machine = new OpeningMachine({ decision, hello, helloOctets: octets, sides, ownCertificates }, facts, 4_000);
	asked(machine.start(0));
	return { machine, facts };
}

const asked = (reply: OpeningReply) => (reply.kind === "go-on" ? reply.effects.map(({ type }) => type) : reply.kind);
const failure = (reply: OpeningReply) => (reply.kind === "failed" ? [reply.fault.code, reply.isInTls] : reply.kind);

test("N8: the server's handshake, the leaf and the client's handshake come one after the other", () => {
	const { machine, facts } = open();
	assert.deepEqual([machine.tag, machine.until], ["await-server-tls", 4_000]);
	assert.deepEqual(asked(machine.serverSecured({ leg, verdict: trusted }, 100)), ["prepare-context"]);
	assert.equal(machine.until, 4_100);
	const reply = machine.contextReady("bb", "P-256", 200);
	assert.deepEqual(asked(reply), ["start-client-tls"]);
	assert.equal(reply.kind === "go-on" && reply.effects[0]?.type === "start-client-tls" && reply.effects[0].alpn, "h2");
	assert.equal(machine.clientSecured(leg, undefined, 300).kind, "open");
	assert.deepEqual(facts.record().timing, { serverReadyMs: 100, clientReadyMs: 300 });
});

test("issuers that are missing are fetched where the profile repairs chains, and not when the time is over", () => {
	const { machine } = open({ repairsChains: true });
	assert.deepEqual(asked(machine.serverSecured({ leg, verdict: lost }, 0)), ["complete-chain"]);
	assert.deepEqual(asked(machine.deadlinePassed(6_000)), ["prepare-context"]);
	assert.deepEqual(asked(open().machine.serverSecured({ leg, verdict: lost }, 0)), ["prepare-context"]);
});

test("each wait has its own fault, and only in the client's handshake TLS has begun", () => {
	assert.deepEqual(failure(open().machine.deadlinePassed(4_000)), ["SERVER_HANDSHAKE_FAILED", false]);
	const { machine } = open();
	machine.serverSecured({ leg, verdict: trusted }, 0);
	assert.deepEqual(failure(machine.deadlinePassed(4_000)), ["CERTIFICATE_SIGNING_FAILED", false]);
	const gone = fault("SERVER_UNREACHABLE", "gone");
	assert.deepEqual(failure(machine.failed(gone)), ["SERVER_UNREACHABLE", false]);
	machine.contextReady("bb", undefined, 0);
	assert.deepEqual(failure(machine.failed(gone)), ["SERVER_UNREACHABLE", true]);
	assert.deepEqual(failure(machine.deadlinePassed(4_000)), ["CLIENT_HANDSHAKE_FAILED", true]);
});

test("an event that cannot be is a bug", () => {
	const { machine } = open();
	assert.throws(() => machine.contextReady("bb", undefined, 0), /context-ready in state await-server-tls/);
	assert.throws(() => machine.chainCompleted(trusted, 0), /chain-completed in state await-server-tls/);
});

test("R172 M18: a server that asks for a client's certificate is let be, or dropped where the profile says so", () => {
	const asking = { leg, verdict: trusted, wantsCertificate: true };
	const { machine, facts } = open({ clientCertificateRequest: "bypass" });
	facts.target = { host: "mtls.example", port: 443 };
	assert.deepEqual(machine.serverSecured(asking, 0), {
		kind: "let-be",
		cause: "client-certificate",
		fact: "server mtls.example:443 asks for a client certificate",
	});
	assert.equal(facts.serverLeg, undefined);
	const dropping = open({ clientCertificateRequest: "drop" }).machine;
	assert.deepEqual(failure(dropping.serverSecured(asking, 0)), ["SERVER_WANTS_CLIENT_CERTIFICATE", false]);
	// TLS 1.2 says so by failing, TLS 1.3 after its handshake.
	const gone = fault("SERVER_HANDSHAKE_FAILED", "alert");
	assert.equal(open({ clientCertificateRequest: "bypass" }).machine.failed(gone, true).kind, "let-be");
	const late = open({ clientCertificateRequest: "bypass" }).machine;
	late.serverSecured({ leg, verdict: trusted }, 0);
	assert.equal(late.failed(gone, true).kind, "let-be");
	const tooLate = open({ clientCertificateRequest: "bypass" }).machine;
	tooLate.serverSecured({ leg, verdict: trusted }, 0);
	tooLate.contextReady("bb", undefined, 0);
	assert.deepEqual(failure(tooLate.failed(gone, true)), ["SERVER_HANDSHAKE_FAILED", true]);
});

test("a server whose certificate a feed has is blocked before anything else of it counts; a word of a feed goes along", () => {
	const told = [{ type: "tell", event: { id: "REPUTATION_MATCHED" } }] as never;
	const facts = new SessionFacts("3f9c2a1b77d0e452", "explicit", client, 0);
	facts.target = { host: "shop.example", port: 443 };
	const profile = { name: "inspect", untrustedCa: "untrusted-ca" } as ProxyProfile;
	const decision = { action: "decrypt", rule: "open", fact: "any", profile } as const;
	const { octets } = capturedHello("chromium-1");
	const machine = (answer: "block" | "decrypt") => {
		const made = new OpeningMachine(
			{
				decision,
				hello: decodedCapture("chromium-1"),
				helloOctets: octets,
				sides: "both",
				ownCertificates: [],
				exemption: { name: "shop.example", fact: "exempt" },
				certificateShown: () => ({ decision: { ...decision, action: answer }, told }),
			},
			facts,
			4_000,
		);
		made.start(0);
		return made;
	};
	const secured = { leg, verdict: lost, wantsCertificate: true, bearsName: () => true };
	const blocked = machine("block").serverSecured({ ...secured, verdict: trusted }, 1);
	assert.equal(blocked.kind === "blocked" && blocked.effects, told);
	assert.equal(facts.serverLeg, leg);
	assert.deepEqual(asked(machine("decrypt").serverSecured({ leg, verdict: trusted }, 1)), ["tell", "prepare-context"]);
});
