import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Address, parseAddress } from "#base/address.ts";
import type { Decision } from "#policy/evaluate.ts";
import { HelloQuestions } from "#proxy/hello-questions.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import type { RelaySummary } from "#proxy/session-event.ts";
import { SessionFacts } from "#proxy/session-facts.ts";
import type { WayIn } from "#proxy/way-in.ts";
import { decodeEchConfigList, type EchConfig, type KnownEch } from "#tls/ech.ts";
import { echConfigList, echExtension } from "../../test/support/ech.ts";
import { buildHello, decodedHello, serverNameExtension } from "../../test/support/tls-hello.ts";

const address = (text: string) => parseAddress(text) as Address;
const server = address("192.0.2.10");
const tunnel: WayIn = { kind: "explicit", protocols: new Set(["http-connect"]) };
const transparent: WayIn = { kind: "transparent", preservesSource: false };
const known = (name: string, configId = 7): KnownEch => ({
	configs: (decodeEchConfigList(echConfigList(name, configId)) as { value: readonly EchConfig[] }).value,
	isComplete: true,
});
const nothingKnown: KnownEch = { configs: [], isComplete: false };
const hello = (...more: readonly [number, Uint8Array][]) =>
	decodedHello(buildHello({ extensions: [serverNameExtension([0, "public.test"]), ...more] }));
const hidden = hello(echExtension(7));

type Actions = Partial<Pick<ProxyProfile, "encryptedClientHello" | "sniAddressMismatch">>;
const profileOf = (actions: Actions) =>
	({ name: "inspect", encryptedClientHello: "log", sniAddressMismatch: "log", ...actions }) as ProxyProfile;
const opens = (actions: Actions): Decision<ProxyProfile> => ({
	action: "decrypt",
	rule: "web",
	fact: "it matches",
	profile: profileOf(actions),
});
const exempt = (actions: Actions): Decision<ProxyProfile> => ({
	action: "bypass",
	rule: "web",
	fact: "it is exempt",
	cause: "exempt",
	exemptName: "public.test",
	profile: profileOf(actions),
});

function asked(way: WayIn, decision: Decision<ProxyProfile>, asks = hidden) {
	const client = { address: address("10.1.4.7"), port: 40_001, reachedAt: "192.0.2.1:8080" };
	const facts = new SessionFacts("3f9c2a1b77d0e452", "test", client, 0);
	facts.server = server;
	facts.helloRead(asks, 0);
	const questions = new HelloQuestions(facts, way);
	const effects = questions.ask(asks, decision).map(({ type }) => type);
	return { facts, questions, effects };
}

describe("Encrypted ClientHello", () => {
	test("R156: a name that hides another one exempts nothing by default, and an event tells of it", () => {
		const decision = exempt({});
		const { facts, questions, effects } = asked(tunnel, decision);
		assert.deepEqual([effects, questions.isWaiting], [["know-ech"], true]);
		const [told] = questions.learned({ type: "ech-known", known: known("public.test") }, 5);
		assert.equal(questions.isWaiting, false);
		assert.ok(told?.type === "tell" && told.event.id === "ENCRYPTED_CLIENT_HELLO");
		assert.equal(facts.record().ech, "real");
		const applied = questions.applied(decision);
		assert.equal(applied.action, "decrypt");
		assert.match(applied.fact, /^the server's name is hidden behind public\.test/);
	});

	test("refuse blocks it whatever would have become of it, pass goes by the name in clear", () => {
		for (const decision of [opens({ encryptedClientHello: "refuse" }), exempt({ encryptedClientHello: "refuse" })]) {
			const { questions } = asked(tunnel, decision);
			assert.equal(questions.isWaiting, true);
			questions.learned({ type: "ech-known", known: known("public.test") }, 5);
			assert.equal(questions.applied(decision).action, "block");
		}
		const decision = exempt({ encryptedClientHello: "pass" });
		const { facts, questions } = asked(tunnel, decision);
		assert.equal(questions.isWaiting, false);
		assert.deepEqual(questions.learned({ type: "ech-known", known: known("public.test") }, 5), []);
		assert.equal(questions.applied(decision), decision);
		assert.equal(facts.record().ech, "real");
	});

	test("a client that leaves behind the handshake without a word has learned that its server is not hidden", () => {
		const relayed = (octetsToServer: number): RelaySummary => ({
			octetsToServer,
			octetsToClient: 0,
			requests: 0,
			findings: [],
			inspection: "inspected",
			why: "the client closed the connection",
		});
		const decision = opens({});
		const { facts, questions } = asked(tunnel, decision);
		facts.decision = decision;
		assert.deepEqual(questions.whyEnded(relayed(0)), ["the client closed the connection", undefined]);
		questions.learned({ type: "ech-known", known: known("public.test") }, 5);
		assert.equal(questions.whyEnded(relayed(0))[1], "CLIENT_ECH_NOT_ACCEPTED");
		assert.equal(questions.whyEnded(relayed(9))[1], undefined);
		assert.equal(questions.whyEnded({ ...relayed(0), faultCode: "SESSION_IDLE_TIMEOUT" })[1], "SESSION_IDLE_TIMEOUT");
	});

	test("GREASE is never blocked: neither what is known to be, nor what could be, nor where nobody answers", () => {
		const decision = exempt({ encryptedClientHello: "refuse" });
		for (const [answer, verdict] of [
			[known("public.test", 8), "grease"],
			[nothingKnown, "cannot-tell"],
			[known("other.test"), "cannot-tell"],
		] as const) {
			const { facts, questions } = asked(tunnel, decision);
			assert.deepEqual(questions.learned({ type: "ech-known", known: answer }, 5), []);
			assert.deepEqual([questions.applied(decision), facts.record().ech], [decision, verdict]);
		}
		const { questions } = asked(tunnel, decision);
		questions.giveUp();
		assert.deepEqual([questions.isWaiting, questions.applied(decision)], [false, decision]);
	});

	test("nobody waits where the answer changes nothing, and nobody is asked without the extension", () => {
		assert.deepEqual(asked(tunnel, opens({})).questions.isWaiting, false);
		assert.deepEqual(asked(tunnel, opens({})).effects, ["know-ech"]);
		assert.deepEqual(asked(tunnel, exempt({}), hello()).effects, []);
		assert.deepEqual(asked(tunnel, { action: "bypass", rule: "web", fact: "no profile" }).effects, []);
	});
});

describe("V22: the address behind the name of a transparent client", () => {
	test("by default it is looked up beside the session, and only recorded", () => {
		const decision = exempt({});
		const { facts, questions, effects } = asked(transparent, decision, hello());
		assert.deepEqual([effects, questions.isWaiting, questions.isDoubted], [["check-name"], false, false]);
		for (const [addresses, found] of [
			[[address("192.0.2.9"), server], "agrees"],
			[[address("192.0.2.9")], "differs"],
			[undefined, "unresolved"],
		] as const) {
			questions.learned({ type: "name-resolved", addresses }, 5);
			assert.deepEqual([facts.record().nameCheck, questions.isDoubted], [found, false]);
		}
	});

	test("drop waits for it, and doubts a server that no answer vouches for", () => {
		const decision = exempt({ sniAddressMismatch: "drop" });
		const { questions } = asked(transparent, decision, hello());
		assert.deepEqual([questions.isWaiting, questions.isDoubted], [true, true]);
		questions.learned({ type: "name-resolved", addresses: [server] }, 5);
		assert.deepEqual([questions.isWaiting, questions.isDoubted], [false, false]);
		questions.learned({ type: "name-resolved", addresses: [address("192.0.2.9")] }, 5);
		assert.equal(questions.isDoubted, true);
	});

	test("an event tells of a server that is not trusted either, and of no other", () => {
		const { facts, questions } = asked(transparent, opens({}), hello());
		questions.learned({ type: "name-resolved", addresses: [address("192.0.2.9")] }, 5);
		assert.deepEqual(questions.closed(9), []);
		facts.verdict = { isTrusted: true, reason: "trusted" };
		assert.deepEqual(questions.closed(9), []);
		facts.verdict = { isTrusted: false, reason: "it is self-signed" };
		const [told] = questions.closed(9);
		assert.ok(told?.type === "tell" && told.event.id === "SNI_ADDRESS_MISMATCH");
	});

	test("clients that name their server to the gateway are not asked about, nor where it is ignored", () => {
		assert.deepEqual(asked(tunnel, opens({ sniAddressMismatch: "drop" }), hello()).effects, []);
		assert.deepEqual(asked(transparent, opens({ sniAddressMismatch: "ignore" }), hello()).effects, []);
	});
});
