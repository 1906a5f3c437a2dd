import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Address, parseAddress, parsePrefix } from "#base/address.ts";
import { fault } from "#base/fault.ts";
import { HostPatternMap } from "#base/host-name.ts";
import { FeedTable } from "#inspect/feed-table.ts";
import { certificateFingerprints } from "#inspect/reputation.ts";
import type { RevocationVerdict } from "#pki/revocation.ts";
import { AddressSet } from "#policy/address-set.ts";
import { domainSetOf } from "#policy/domain-set.ts";
import type { PolicyRule } from "#policy/evaluate.ts";
import type { ProfileRevocation, ProxyProfile } from "#proxy/profile.ts";
import type {
	RelaySummary,
	ServerVerdict,
	SessionClient,
	SessionContext,
	SessionEffect,
	SessionEvent,
} from "#proxy/session-event.ts";
import { SessionMachine } from "#proxy/session-machine.ts";
import type { WayIn } from "#proxy/way-in.ts";
import type { LegRecord } from "#telemetry/session-record.ts";
import { alertOf } from "#tls/alert.ts";
import { gradeLegs } from "#tls/leg-settings.ts";
import { contentType } from "#tls/record.ts";
import { exampleSite } from "../../test/support/onboarding.ts";
import { type Play, play } from "../../test/support/play.ts";
import { buildHello, capturedHello, inRecords, serverNameExtension } from "../../test/support/tls-hello.ts";

const start = 1_000_000;
const octets = (text: string) => Buffer.from(text, "latin1");
const address = (text: string) => parseAddress(text) as Address;
const server = address("192.0.2.10");
const client = { address: address("10.1.4.7"), port: 40_001, reachedAt: "192.0.2.1:8080" };
const timeouts = { requestMs: 1_000, helloMs: 2_000, connectMs: 3_000, handshakeMs: 4_000, idleMs: 5_000 };
const hello = inRecords(buildHello({ extensions: [serverNameExtension([0, "shop.example"])] }));
const namelessHello = inRecords(buildHello({ extensions: [] }));

const leg: LegRecord = { version: "TLSv1.3", cipherSuite: "TLS_AES_128_GCM_SHA256", isResumed: false };
const serverLeg: LegRecord = { ...leg, group: "X25519", alpn: "h2", certificateSha256: "aa" };
const trusted = { isTrusted: true, reason: "trusted" };
const untrusted = { isTrusted: false, reason: "the certificate is self-signed" };
const unreachable = fault("SERVER_UNREACHABLE", "server shop.example:443 refused the connection");
const ready: SessionEvent = { type: "context-ready", certificateSha256: "bb", group: "P-256" };
const timeUp: SessionEvent = { type: "deadline-passed" };
const summary: RelaySummary = {
	octetsToServer: 10,
	octetsToClient: 20,
	requests: 1,
	findings: [],
	inspection: "inspected",
	why: "the client closed the connection",
};

function profile(parts: Partial<ProxyProfile> = {}): ProxyProfile {
	return {
		name: "inspect",
		neverDecryptSources: new AddressSet(),
		alwaysDecryptSources: new AddressSet(),
		exemptDestinations: new AddressSet(),
		learnedBypass: undefined,
		overrides: domainSetOf("category-overrides", []),
		serverCertificates: [],
		staples: false,
		decryptedService: undefined,
		trustedCa: "ca",
		untrustedCa: "untrusted-ca",
		trustedRsaCa: undefined,
		untrustedRsaCa: undefined,
		trustStore: ["all"],
		blocksInvalidCertificates: false,
		blocksExpiredCertificates: false,
		minimumKeyBits: undefined,
		ignoresServerAuthFailure: false,
		passesNonTls: false,
		encryptedClientHello: "log",
		sniAddressMismatch: "log",
		starttls: "drop",
		clientCertificateRequest: "bypass",
		clientCertificates: new HostPatternMap(),
		fronting: { fronted: "drop", coalesced: "allow" },
		stripsAltSvc: false,
		sendsReset: undefined,
		mayResumeSessions: true,
		legs: gradeLegs("strict"),
		validation: "web-pki",
		revocation: undefined,
		repairsChains: false,
		downgradesHttp2: false,
		log: { allowed: true, dropped: true, exempted: true, errors: true, ignored: true, warnings: true },
		patternPolicy: undefined,
		idpPolicy: undefined,
		...parts,
	};
}

const tunnelsOnly: WayIn = { kind: "explicit", protocols: new Set(["http-connect"]) };
const any = new AddressSet(true);
const decryptAll = (parts: Partial<ProxyProfile> = {}): PolicyRule<ProxyProfile> => ({
	name: "open",
	sources: any,
	destinations: any,
	ports: [],
	action: "permit",
	profile: profile(parts),
});
const passAll: PolicyRule<ProxyProfile> = {
	name: "pass",
	sources: any,
	destinations: any,
	ports: [],
	action: "permit",
};

function deny(
	parts: { readonly host?: string; readonly prefix?: string },
	action: "deny" | "reject" = "reject",
): PolicyRule<ProxyProfile> {
	const destinations = new AddressSet();
	if (parts.host !== undefined) destinations.addHost(parts.host, "bad-host");
	const prefix = parts.prefix === undefined ? undefined : parsePrefix(parts.prefix);
	if (prefix !== undefined) destinations.addPrefix(prefix, "bad-net");
	return { name: "no", sources: any, destinations, ports: [], action };
}

interface Session {
	readonly machine: SessionMachine;
	readonly talk: Play<SessionEvent, SessionEffect>;
}

function session(
	rules: readonly PolicyRule<ProxyProfile>[] = [decryptAll()],
	parts: Partial<SessionContext> = {},
): Session {
	const context: SessionContext = {
		listener: "explicit",
		way: { kind: "explicit", protocols: new Set(["http-connect", "http", "socks5"]) },
		ownCertificates: () => [],
		mayServerSpeakFirst: false,
		policy: { rules, isDefaultPermit: false },
		timeouts,
		mayReachLocal: false,
		isOwnListener: () => false,
		onboarding: undefined,
		...parts,
	};
	const machine = new SessionMachine("3f9c2a1b77d0e452", context, client, start);
	machine.start(start);
	return { machine, talk: play(machine, start) };
}

const says = (chunk: Uint8Array | string): SessionEvent => ({
	type: "client-octets",
	octets: typeof chunk === "string" ? octets(chunk) : chunk,
});
const connect = (target = "shop.example:443") => says(`CONNECT ${target} HTTP/1.1\r\n\r\n`);
const resolved = (...addresses: readonly string[]): SessionEvent => ({
	type: "server-resolved",
	addresses: addresses.map(address),
});
const connected: SessionEvent = { type: "server-connected", address: server };
const secured = (verdict: ServerVerdict = trusted): SessionEvent => ({
	type: "server-secured",
	leg: serverLeg,
	verdict,
});
const clientSecured: SessionEvent = { type: "client-secured", leg };

/** The conversations up to the state of that name. */
const reach = {
	"expect-request": (_: Session["talk"]) => {},
	"await-resolve": (talk: Session["talk"]) => void talk.event(connect()).expect("resolve-server"),
	"await-connect": (talk: Session["talk"]) => {
		reach["await-resolve"](talk);
		talk.event(resolved("192.0.2.10")).expect("connect-server");
	},
	"expect-hello": (talk: Session["talk"]) => {
		reach["await-connect"](talk);
		talk.event(connected).expect("send-client");
	},
	"await-server-tls": (talk: Session["talk"]) => {
		reach["expect-hello"](talk);
		talk.event(says(hello)).expect("start-server-tls");
	},
	"await-context": (talk: Session["talk"]) => {
		reach["await-server-tls"](talk);
		talk.event(secured()).expect("prepare-context");
	},
	"await-client-tls": (talk: Session["talk"]) => {
		reach["await-context"](talk);
		talk.event(ready).expect("start-client-tls");
	},
	"await-relay-end": (talk: Session["talk"]) => {
		reach["await-client-tls"](talk);
		talk.event(clientSecured).expect("relay");
	},
} as const;
type StateTag = keyof typeof reach;
const states = Object.keys(reach) as StateTag[];

function at(state: StateTag, rules?: readonly PolicyRule<ProxyProfile>[], parts?: Partial<SessionContext>): Session {
	const made = session(rules, parts);
	reach[state](made.talk);
	assert.match(made.machine.describe(), new RegExp(`^3f9c2a1b77d0e452 ${state} `));
	return made;
}

/** Reads an HTTP answer's status. */
const status = (expected: number) => (effect: { readonly octets: Uint8Array }) =>
	assert.match(Buffer.from(effect.octets).toString(), new RegExp(`^HTTP/1\\.1 ${expected} `));
/** Reads a fatal alert in clear. */
const alert = (name: string) => (effect: { readonly octets: Uint8Array }) => {
	assert.deepEqual([...effect.octets.subarray(0, 6)], [contentType.alert, 3, 3, 0, 2, 2]);
	assert.equal(alertOf(effect.octets[6] as number).name, name);
	assert.equal(effect.octets.length, 7);
};
const manner = (expected: "end" | "reset") => (effect: { readonly manner: string }) =>
	assert.equal(effect.manner, expected);

describe("a decrypted session", () => {
	test("N8 M11: the server is connected, secured and judged before the client sees a ServerHello", () => {
		const { machine, talk } = session();
		talk.waits(1_000).after(10).event(connect("Shop.Example:443"));
		talk.expect("resolve-server", ({ host }) => assert.equal(host, "shop.example")).waits(3_000);
		talk.after(10).event(resolved("192.0.2.10", "192.0.2.11"));
		talk.expect("connect-server", ({ addresses, port }) => {
			assert.deepEqual(addresses, [server, address("192.0.2.11")]);
			assert.equal(port, 443);
		});
		talk.waits(3_000).after(10).event(connected);
		talk.expect("send-client", (effect) => {
			assert.equal(Buffer.from(effect.octets).toString(), "HTTP/1.1 200 Connection established\r\n\r\n");
		});
		talk.waits(2_000).after(10).event(says(hello));
		talk.expect("start-server-tls", (effect) => {
			assert.equal(effect.host, "shop.example");
			assert.equal(effect.hello?.sni, "shop.example");
			assert.equal(effect.profile.name, "inspect");
		});
		talk.waits(4_000).after(10).event(secured());
		talk.expect("prepare-context", ({ signer }) => assert.equal(signer, "trusted")).waits(4_000);
		talk.after(10).event(ready);
		talk.expect("start-client-tls", (effect) => {
			assert.deepEqual(effect.helloOctets, hello);
			assert.equal(effect.alpn, "h2");
		});
		talk.waits(4_000).after(10).event(clientSecured);
		talk.expect("relay", ({ mode, first, decision }) => {
			assert.equal(mode, "decrypted");
			assert.equal(first.length, 0);
			assert.equal(decision.action, "decrypt");
		});
		talk.waits(Number.POSITIVE_INFINITY).after(930).event({ type: "relay-ended", summary });
		talk.expect("close", manner("end")).done();
		assert.equal(machine.isClosed, true);

		const { ja3, ja4, ...record } = machine.record();
		assert.match(ja3 ?? "", /^[0-9a-f]{32}$/);
		assert.match(ja4 ?? "", /^t12d/);
		assert.deepEqual(record, {
			id: "3f9c2a1b77d0e452",
			startedAt: start,
			endedAt: start + 1_000,
			listener: "explicit",
			client: { address: "10.1.4.7", port: 40_001 },
			server: { host: "shop.example", port: 443, address: "192.0.2.10" },
			sni: "shop.example",
			hasEch: false,
			decision: "decrypt",
			rule: "open",
			fact: "the policy matches any connection",
			profile: "inspect",
			inspection: "inspected",
			clientLeg: { ...leg, group: "P-256", certificateSha256: "bb" },
			serverLeg,
			serverTrust: "trusted",
			octetsToServer: 10,
			octetsToClient: 20,
			requests: 1,
			findings: [],
			timing: { helloMs: 40, serverReadyMs: 50, clientReadyMs: 70 },
			endedBecause: "the client closed the connection",
		});
	});

	test("octets that come in single pieces, and a hello right behind the CONNECT, take the same way", () => {
		const { talk } = session();
		for (const octet of octets("CONNECT shop.example:443 HTTP/1.1\r\n\r")) talk.event(says(Uint8Array.of(octet)));
		talk.event(says("\n")).expect("resolve-server").event(resolved("192.0.2.10")).expect("connect-server");
		talk.event(connected).expect("send-client");
		for (const octet of hello.subarray(0, -1)) talk.event(says(Uint8Array.of(octet)));
		talk
			.event(says(hello.subarray(-1)))
			.expect("start-server-tls")
			.done();

		const early = session().talk;
		const head = octets("CONNECT shop.example:443 HTTP/1.1\r\n\r\n");
		early
			.event(says(Buffer.concat([head, hello])))
			.expect("resolve-server")
			.event(resolved("192.0.2.10"));
		early
			.expect("connect-server")
			.event(connected)
			.expect("send-client", status(200))
			.expect("start-server-tls")
			.done();
	});

	test("an address needs no resolver and is what the certificate is verified for when no name is sent", () => {
		const { talk } = session();
		talk.event(connect("192.0.2.10:443")).expect("connect-server", ({ addresses }) => {
			assert.deepEqual(addresses, [server]);
		});
		talk.event(connected).expect("send-client").event(says(namelessHello));
		talk.expect("start-server-tls", ({ host, hello: read }) => {
			assert.equal(host, "192.0.2.10");
			assert.equal(read?.sni, undefined);
		});
		talk.done();
	});

	test("a resumed client leg before TLS 1.3 has no key exchange of its own; in TLS 1.3 it has", () => {
		for (const [version, group] of [
			["TLSv1.2", undefined],
			["TLSv1.3", "P-256"],
		] as const) {
			const { machine, talk } = at("await-client-tls");
			talk
				.event({ type: "client-secured", leg: { ...leg, version, isResumed: true } })
				.expect("relay")
				.done();
			assert.equal(machine.record().clientLeg?.group, group);
		}
	});
});

describe("a server that leaves an issuer out", () => {
	const missing = { isTrusted: false, reason: "no path", isIssuerMissing: true };
	const repairing = (parts: Partial<ProxyProfile> = {}) => [decryptAll({ repairsChains: true, ...parts })];
	const completed = (verdict: ServerVerdict): SessionEvent => ({ type: "chain-completed", verdict });
	function incomplete(rules = repairing()): Session {
		const made = at("await-server-tls", rules);
		made.talk.event(secured(missing)).expect("complete-chain", ({ timeoutMs }) => assert.equal(timeoutMs, 5_000));
		assert.match(made.machine.describe(), / await-chain /);
		return made;
	}

	test("N8: is judged again with what was fetched, before the client sees anything", () => {
		const { machine, talk } = incomplete();
		talk.waits(6_000).event(completed({ ...trusted, isRepaired: true }));
		talk.expect("prepare-context", ({ signer }) => assert.equal(signer, "trusted"));
		assert.deepEqual([machine.record().serverTrust, machine.record().isChainRepaired], ["trusted", true]);
	});

	test("stays untrusted when nothing could be fetched, or not in time", () => {
		for (const event of [completed(missing), timeUp]) {
			const { machine, talk } = incomplete();
			talk
				.after(6_000)
				.event(event)
				.expect("prepare-context", ({ signer }) => assert.equal(signer, "untrusted"));
			assert.deepEqual([machine.record().serverTrust, machine.record().isChainRepaired], ["no path", undefined]);
		}
	});

	test("has nothing fetched where the configuration does not say so, or where nothing is verified", () => {
		for (const parts of [{ repairsChains: false }, { ignoresServerAuthFailure: true }])
			at("await-server-tls", repairing(parts)).talk.event(secured(missing)).expect("prepare-context").done();
		at("await-server-tls", repairing()).talk.event(secured(untrusted)).expect("prepare-context").done();
	});
});

describe("revocation of the server's certificate (V12)", () => {
	const settings: ProfileRevocation = {
		key: "",
		timeoutMs: 500,
		asksOcsp: true,
		asksCrl: true,
		ignoresHold: false,
		dropsUnavailable: false,
	};
	const asking = (parts: Partial<ProxyProfile> = {}, more: Partial<ProfileRevocation> = {}) => [
		decryptAll({ revocation: { ...settings, ...more }, ...parts }),
	];
	const known = (answer: RevocationVerdict["answer"]): SessionEvent => ({
		type: "revocation-known",
		verdict: {
			answer,
			depth: 0,
			source: "ocsp",
			sentence: `certificate 0 is ${answer}`,
			until: undefined,
			revokedAt: undefined,
			reason: undefined,
		},
	});
	/** Up to the question. */
	function asked(rules = asking()): Session {
		const made = at("await-server-tls", rules);
		made.talk.event(secured()).expect("check-revocation", (effect) => assert.equal(effect.settings.timeoutMs, 500));
		assert.match(made.machine.describe(), / await-revocation /);
		return made;
	}

	test("N8: nothing is sent to the client before the answer; then the leaf is the trusted CA's", () => {
		const { machine, talk } = asked();
		talk.waits(1_500).event(known("good"));
		talk.expect("prepare-context", ({ signer }) => assert.equal(signer, "trusted")).waits(4_000);
		const { serverTrust, revocation } = machine.record();
		assert.deepEqual(
			[serverTrust, revocation],
			["trusted", { answer: "good", source: "ocsp", sentence: "certificate 0 is good" }],
		);
	});

	for (const answer of ["revoked", "unknown", "staple-missing"] as const) {
		test(`M12: ${answer} means the untrusted CA, and the record says why`, () => {
			const { machine, talk } = asked();
			talk.event(known(answer)).expect("prepare-context", ({ signer }) => assert.equal(signer, "untrusted"));
			assert.equal(machine.distrust, `certificate 0 is ${answer}`);
			assert.equal(machine.record().serverTrust, `certificate 0 is ${answer}`);
		});
	}

	for (const [answer, code, name] of [
		["revoked", "SERVER_CERTIFICATE_REVOKED", "certificate_revoked"],
		["unknown", "SERVER_STATUS_REFUSED", "bad_certificate_status_response"],
		["staple-missing", "SERVER_STATUS_REFUSED", "bad_certificate_status_response"],
	] as const) {
		test(`R110: ${answer} is blocked where invalid certificates are`, () => {
			for (const parts of [{ blocksInvalidCertificates: true }, { untrustedCa: undefined }]) {
				const { machine, talk } = asked(asking(parts));
				talk.event(known(answer)).expect("send-client", alert(name)).expect("close", manner("end")).done();
				assert.equal(machine.record().faultCode, code);
				assert.match(machine.record().endedBecause, /is blocked; certificate 0 is/);
			}
		});
	}

	test("N4: what cannot be known is let through and recorded, or dropped, as the profile says", () => {
		const { machine, talk } = asked();
		talk.event(known("unavailable")).expect("prepare-context", ({ signer }) => assert.equal(signer, "trusted"));
		assert.equal(machine.record().revocation?.answer, "unavailable");

		const strict = asked(asking({}, { dropsUnavailable: true }));
		strict.talk.event(known("unavailable")).expect("send-client", alert("certificate_unknown"));
		strict.talk.expect("close", manner("end")).done();
		assert.equal(strict.machine.record().faultCode, "SERVER_STATUS_UNAVAILABLE");
	});

	test("an answer that never comes is one that is unavailable", () => {
		const { machine, talk } = asked();
		talk.after(1_500).event(timeUp).expect("prepare-context");
		assert.match(machine.record().revocation?.sentence ?? "", /in time/);
		const strict = asked(asking({}, { dropsUnavailable: true }));
		strict.talk.after(1_500).event(timeUp).expect("send-client").expect("close").done();
	});

	test("nobody asks about a server that is not trusted anyway, or that counts as trusted whatever is found", () => {
		const { machine, talk } = at("await-server-tls", asking());
		talk.event(secured(untrusted)).expect("prepare-context", ({ signer }) => assert.equal(signer, "untrusted"));
		assert.equal(machine.record().revocation, undefined);
		const { talk: ignoring } = at("await-server-tls", asking({ ignoresServerAuthFailure: true }));
		ignoring.event(secured()).expect("prepare-context");
	});

	test("the client may go while the answer is awaited", () => {
		const { machine, talk } = asked();
		talk.event({ type: "client-ended", why: "the client closed the connection" }).expect("close").done();
		assert.deepEqual(machine.step(known("good"), start), []);
	});
});

describe("a bypassed session", () => {
	test("the octets that the client sent go first and untouched, and nothing is opened", () => {
		const { machine, talk } = session([passAll]);
		reach["expect-hello"](talk);
		const flight = Buffer.concat([capturedHello("firefox").octets, octets("more")]);
		talk.event(says(flight.subarray(0, 100))).event(says(flight.subarray(100)));
		talk.expect("relay", ({ mode, first, decision }) => {
			assert.equal(mode, "bypass");
			assert.deepEqual(Buffer.from(first), flight);
			assert.equal(decision.action, "bypass");
		});
		talk
			.waits(Number.POSITIVE_INFINITY)
			.event({ type: "relay-ended", summary: { ...summary, inspection: "not decrypted" } });
		talk.expect("close", manner("end")).done();
		const record = machine.record();
		assert.equal(record.decision, "bypass");
		assert.equal(record.inspection, "not decrypted");
		assert.equal(record.serverLeg, undefined);
		assert.equal(record.clientLeg, undefined);
		assert.equal(record.serverTrust, undefined);
	});

	test("an exempt host is told with its profile and the entry that covers it", () => {
		const exemptDestinations = new AddressSet();
		exemptDestinations.addHost("*.example", "banks");
		const { machine, talk } = at("expect-hello", [decryptAll({ exemptDestinations })]);
		talk
			.event(says(hello))
			.expect("witness-name")
			.expect("relay", ({ mode }) => assert.equal(mode, "bypass"))
			.done();
		const { decision, fact, profile: name } = machine.record();
		assert.deepEqual([decision, name], ["bypass", "inspect"]);
		assert.equal(fact, "server name shop.example is covered by *.example of banks");
	});
});

describe("a server that speaks first", () => {
	const spoken = (text: string): SessionEvent => ({ type: "server-octets", octets: octets(text) });
	/** A tunnel stands, and the server is listened to. */
	function open(rule: PolicyRule<ProxyProfile>): SessionMachine {
		const { machine, talk } = at("await-connect", [rule], { mayServerSpeakFirst: true });
		talk.event(connected).expect("read-server").expect("send-client").done();
		return machine;
	}
	const relayed = (said: string, first: string) => (effects: readonly SessionEffect[]) => {
		const text = (octetsOf: Uint8Array) => Buffer.from(octetsOf).toString("latin1");
		const found = effects.flatMap((effect) => (effect.type === "send-client" ? [text(effect.octets)] : []));
		const relay = effects.find((effect) => effect.type === "relay");
		assert.deepEqual(found, [said]);
		assert.equal(relay?.type === "relay" && text(relay.first), first);
	};

	test("nothing of either side is lost when both speak at once, in whatever order", () => {
		const one = open(passAll);
		one.step(says("\x16"), start);
		relayed("220 mail", "\x16")(one.step(spoken("220 mail"), start));
		const other = open(passAll);
		assert.deepEqual(other.step(spoken("22"), start), []);
		relayed("22", "hello")(other.step(says("hello"), start));
	});

	test("R180: where it may not pass the session is reset and the client sees nothing of it", () => {
		const machine = open(decryptAll({ starttls: "require" }));
		assert.deepEqual(machine.step(spoken("SSH-2.0-x\r\n"), start), [{ type: "close", manner: "reset" }]);
		assert.equal(machine.record().faultCode, "CLIENT_NOT_TLS");
	});
});

describe("ways in", () => {
	const request = "GET http://shop.example/a HTTP/1.1\r\nHost: shop.example\r\n\r\n";

	test("a request in clear goes to its server made over, inspected where it would have been decrypted", () => {
		const { machine, talk } = session();
		talk.event(says(request)).expect("resolve-server", ({ host }) => assert.equal(host, "shop.example"));
		talk.event(resolved("192.0.2.10")).expect("connect-server", ({ port }) => assert.equal(port, 80));
		talk.event(connected).expect("relay", ({ mode, first, requests }) => {
			assert.equal(mode, "clear");
			assert.match(Buffer.from(first).toString(), /^GET \/a HTTP\/1\.1\r\nHost: shop\.example\r\n/);
			assert.equal(requests?.target.host, "shop.example");
		});
		talk.done();
		const { decision, fact } = machine.record();
		assert.deepEqual([decision, fact], ["bypass", "the policy matches any connection; it is HTTP in clear"]);
	});

	test("a request in clear that a policy blocks, or whose server is not there, is answered in HTTP", () => {
		const blocked = session([deny({ host: "shop.example" }), passAll]);
		blocked.talk.event(says(request)).expect("send-client", status(403)).expect("close").done();
		const { talk } = session([passAll]);
		talk.event(says(request)).expect("resolve-server").event({ type: "server-failed", fault: unreachable });
		talk.expect("send-client", status(502)).expect("close").done();
	});

	test("SOCKS5 opens a tunnel, and says so in its own words", () => {
		const asked = Buffer.concat([
			Buffer.from([5, 1, 0, 5, 1, 0, 3, 12]),
			octets("shop.example"),
			Buffer.from([1, 0xbb]),
		]);
		const { talk } = session();
		talk.event(says(asked)).expect("send-client", ({ octets: sent }) => assert.deepEqual([...sent], [5, 0]));
		talk.expect("resolve-server").event(resolved("192.0.2.10")).expect("connect-server");
		talk
			.event(connected)
			.expect("send-client", ({ octets: sent }) => assert.deepEqual([...sent.subarray(0, 2)], [5, 0]));
		talk.event(says(hello)).expect("start-server-tls").done();
		const { machine, talk: denied } = session([deny({ host: "shop.example" })]);
		denied
			.event(says(asked))
			.expect("send-client")
			.expect("send-client", ({ octets: sent }) => assert.equal(sent[1], 2));
		denied.expect("close").done();
		assert.equal(machine.record().decision, "block");
	});

	const behind = { host: "192.0.2.10", port: 8443 };
	const own = () => ["shop"];
	const way = (kind: "reverse" | "offload" | "encrypt") => ({
		kind,
		server: behind,
		profile: profile({ name: "servers" }),
	});
	/** A session whose first effects are the talk's to expect. */
	function begun(
		parts: Partial<SessionContext>,
		who: SessionClient = client,
	): Session & { first: readonly SessionEffect[] } {
		const policy = { rules: [], isDefaultPermit: true };
		const fixed = { listener: "reverse web", policy, timeouts, mayReachLocal: true, isOwnListener: () => false };
		const context = {
			way: way("reverse"),
			mayServerSpeakFirst: false,
			onboarding: undefined,
			ownCertificates: own,
			...fixed,
			...parts,
		};
		const machine = new SessionMachine("3f9c2a1b77d0e452", context, who, start);
		const first = machine.start(start);
		return { machine, first, talk: play(machine, start) };
	}

	test("R2: a reverse listener reads the hello, connects to its server, verifies it, and shows its own certificate", () => {
		const { machine, first, talk } = begun({});
		assert.deepEqual(first, []);
		talk
			.event(says(hello))
			.expect("connect-server", ({ port, source }) => assert.deepEqual([port, source], [8443, undefined]));
		talk.event(connected).expect("start-server-tls", ({ host }) => assert.equal(host, "shop.example"));
		talk.event(secured()).expect("prepare-own-certificate", ({ ids }) => assert.deepEqual(ids, ["shop"]));
		talk.event(ready).expect("start-client-tls").event(clientSecured).expect("relay").done();
		const { rule, fact, decision } = machine.record();
		assert.deepEqual(
			[decision, rule, fact],
			["decrypt", "reverse web", "the listener stands for the server, with its certificate"],
		);
	});

	test("a reverse listener blocks a server that is not trusted: no certificate of its own can warn", () => {
		const { machine, talk } = begun({});
		talk.event(says(hello)).expect("connect-server").event(connected).expect("start-server-tls");
		talk.event(secured(untrusted)).expect("send-client", alert("unknown_ca")).expect("close").done();
		assert.equal(machine.record().faultCode, "SERVER_CERTIFICATE_INVALID");
	});

	test("R17: an offloading listener speaks no TLS to its server, and says HTTP/1 for it", () => {
		const { talk } = begun({ way: way("offload"), listener: "offload web" });
		talk.event(says(hello)).expect("connect-server").event(connected).expect("prepare-own-certificate");
		talk.event(ready).expect("start-client-tls", ({ alpn }) => assert.equal(alpn, undefined));
		talk.event(clientSecured).expect("relay").done();
	});

	test("R18: an encrypting listener connects at once, and nothing is asked of the client", () => {
		const { machine, first, talk } = begun({ way: way("encrypt"), ownCertificates: () => [] });
		assert.deepEqual(
			first.map(({ type }) => type),
			["connect-server"],
		);
		assert.equal(machine.wantsOctets, false);
		talk
			.event(connected)
			.expect("start-server-tls", ({ hello: read, host }) => assert.deepEqual([read, host], [undefined, behind.host]));
		talk
			.event(secured())
			.expect("relay", ({ mode }) => assert.equal(mode, "decrypted"))
			.done();
	});

	const asking = { ...way("encrypt"), profile: profile({ name: "servers", starttls: "require" }) };
	const serverSays = (text: string): SessionEvent => ({ type: "server-octets", octets: Buffer.from(text) });

	test("R180: a server that is to begin TLS by STARTTLS is asked for it, and its greeting waits until TLS stands", () => {
		const { machine, talk } = begun({ way: asking, ownCertificates: () => [] });
		talk.event(connected).expect("read-server");
		assert.equal(machine.wantsOctets, false);
		talk
			.event(serverSays("+OK ready\r\n"))
			.expect("send-server", ({ octets }) => assert.equal(`${octets}`, "STLS\r\n"));
		talk.event(serverSays("+OK begin\r\n")).expect("leave-server").expect("start-server-tls");
		talk.event(secured()).expect("send-client", ({ octets }) => assert.equal(`${octets}`, "+OK ready\r\n"));
		talk.expect("relay").done();
		assert.match(machine.record().fact, /pop3 asked for TLS/);
	});

	test("F13: one that refuses, is silent, or ends is not spoken to in clear", () => {
		for (const event of [
			serverSays("+OK ready\r\n-ERR what\r\n"),
			serverSays("SSH-2.0-x\r\n"),
			{ type: "server-failed", fault: fault("SERVER_UNREACHABLE", "it ended") } as const,
		]) {
			const { machine } = begun({ way: asking, ownCertificates: () => [] });
			machine.step(connected, start);
			const effects = machine.step(event, start);
			assert.equal(effects.at(-1)?.type, "close");
			assert.ok(!effects.some(({ type }) => type === "relay"));
			assert.ok(machine.isClosed);
		}
		const { machine, talk } = begun({ way: asking, ownCertificates: () => [] });
		talk.event(connected).expect("read-server");
		assert.equal(machine.deadline(), start + timeouts.handshakeMs);
		talk.event({ type: "deadline-passed" }).expect("close").done();
		assert.match(machine.record().endedBecause, /went on in time before TLS/);
	});

	test("F13: a client in clear gets no alert amid its server's words", () => {
		const { talk } = begun({ way: way("encrypt"), ownCertificates: () => [] });
		talk.event(connected).expect("start-server-tls");
		talk.event(secured(untrusted)).expect("close", manner("reset")).done();
	});

	test("a server whose certificate a feed has is blocked before the client sees a ServerHello; a client in clear sees a reset", () => {
		const der = Buffer.from("certificate");
		const table = new FeedTable();
		table.add("prints", certificateFingerprints(der)[0] ?? "", 9);
		const prints = {
			name: "p",
			category: "certificate",
			rules: [],
			otherwise: { action: "close", isLogged: true },
		} as const;
		const precedence = {
			plan: { bypassRules: [], trafficRules: [], reputation: new Map([["default-policy", [prints]]]) },
			state: () => ({ feeds: new Map([["certificate", table] as const]), quarantine: { find: () => undefined } }),
		};
		const shown = secured({ ...trusted, certificate: { der } });
		const { machine, talk } = begun({ precedence });
		talk.event(says(hello)).expect("connect-server").event(connected).expect("start-server-tls");
		talk.event(shown).expect("tell", ({ event }) => assert.equal(event.id, "REPUTATION_MATCHED"));
		talk.expect("send-client", alert("access_denied")).expect("close").done();
		const { decision, stage, serverLeg: seen } = machine.record();
		assert.deepEqual([decision, stage, seen?.version], ["block", "reputation", serverLeg.version]);
		const clear = begun({ precedence, way: way("encrypt"), ownCertificates: () => [] });
		clear.talk.event(connected).expect("start-server-tls");
		clear.talk.event(shown).expect("tell").expect("close", manner("reset")).done();
	});

	test("R20: pass-through relays the hello untouched to its server", () => {
		const { first, talk } = begun({ way: { kind: "pass-through", server: behind }, listener: "pass-through web" });
		assert.deepEqual(
			first.map(({ type }) => type),
			["connect-server"],
		);
		talk.event(connected).event(says(hello));
		talk.expect("relay", ({ mode, first: octetsOf }) => assert.deepEqual([mode, octetsOf], ["bypass", hello])).done();
	});

	test("pass-through by SNI resolves the name of the hello, and refuses one without", () => {
		const byName: WayIn = { kind: "pass-through", server: { bySniAt: 443 } };
		const { talk } = begun({ way: byName });
		talk.event(says(hello)).expect("resolve-server", ({ host }) => assert.equal(host, "shop.example"));
		talk.event(resolved("192.0.2.10")).expect("connect-server", ({ port }) => assert.equal(port, 443));
		talk.event(connected).expect("relay").done();
		const { machine, talk: nameless } = begun({ way: byName });
		nameless.event(says(namelessHello)).expect("send-client", alert("unrecognized_name")).expect("close").done();
		assert.equal(machine.record().faultCode, "CLIENT_NAME_MISSING");
	});

	test("R40: a transparent client reaches what it has addressed, from its own address where that is asked for", () => {
		const destination = { host: "192.0.2.10", port: 443 };
		const open = { policy: { rules: [decryptAll()], isDefaultPermit: false }, ownCertificates: () => [] };
		const { first } = begun(
			{ ...open, way: { kind: "transparent", preservesSource: true } },
			{ ...client, destination },
		);
		const [effect] = first;
		assert.ok(effect?.type === "connect-server");
		assert.deepEqual([effect.addresses, effect.port, effect.source], [[server], 443, client.address]);
		const { talk } = begun(
			{ ...open, way: { kind: "transparent", preservesSource: false } },
			{ ...client, destination },
		);
		talk
			.event(connected)
			.event(says(hello))
			.expect("check-name")
			.expect("start-server-tls")
			.event(secured())
			.expect("prepare-context")
			.done();
	});

	test("a transparent client that may not, or whose server is not there, is reset and told nothing in HTTP", () => {
		const destination = { host: "192.0.2.10", port: 443 };
		const parts = { way: { kind: "transparent", preservesSource: false } as const };
		const denied = begun({ ...parts, policy: { rules: [], isDefaultPermit: false } }, { ...client, destination });
		assert.deepEqual(denied.first, [{ type: "close", manner: "reset" }]);
		const { talk } = begun(parts, { ...client, destination });
		talk.event({ type: "server-failed", fault: unreachable }).expect("close", manner("reset")).done();
	});
});

describe("the gateway's own page", () => {
	const page = says("GET http://sallyport.test/ HTTP/1.1\r\nHost: sallyport.test\r\n\r\n");
	const withPage = { onboarding: exampleSite() };

	test("it is answered whatever the policy says, and the record tells so", () => {
		const { machine, talk } = session([deny({ host: "sallyport.test" })], withPage);
		talk.after(10).event(page);
		talk.expect("answer-client", (effect) => {
			status(200)(effect);
			// The address that the client reached.
			assert.match(Buffer.from(effect.octets).toString(), /192\.0\.2\.1:8080/);
		});
		talk.waits(4_000).after(10).event({ type: "answer-sent" }).expect("close", manner("end"));
		const record = machine.record();
		assert.deepEqual([record.decision, record.fact, record.faultCode], ["none", "onboarding", undefined]);
		assert.equal(record.endedBecause, "the onboarding page was sent");
	});

	test("a client that does not take the answer is reset in time", () => {
		const { machine, talk } = session([], withPage);
		talk.event(page).expect("answer-client").after(4_000).event(timeUp).expect("close", manner("reset"));
		assert.match(machine.record().endedBecause, /did not take all of it/);
	});

	test("a request for somebody else, or while the page is disabled, keeps its 405", () => {
		for (const [event, parts] of [
			[says("GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n"), { ...withPage, way: tunnelsOnly }],
			[page, { way: tunnelsOnly }],
		] as const) {
			const { machine, talk } = session([], parts);
			talk.event(event).expect("send-client", status(405)).expect("close");
			assert.deepEqual([machine.record().faultCode, machine.record().fact], ["PROXY_METHOD_REFUSED", ""]);
		}
	});

	test("the test is a TLS connection that ends here: no name is resolved, no server connected", () => {
		const { machine, talk } = session([], withPage);
		talk.event(connect("check.sallyport.test:443")).expect("send-client").waits(2_000);
		assert.ok(machine.wantsOctets);
		talk
			.after(10)
			.event(says(hello))
			.expect("prepare-own-context", ({ host, signer }) => {
				assert.deepEqual([host, signer], ["check.sallyport.test", "ca"]);
			});
		talk.event(ready).expect("start-client-tls").event(clientSecured).expect("read-plaintext");
		const request = octets("GET / HTTP/1.1\r\nHost: check.sallyport.test\r\n\r\n");
		talk.event({ type: "client-plaintext", octets: request }).expect("answer-client", status(200));
		talk.event({ type: "client-plaintext", octets: request });
		talk.event({ type: "answer-sent" }).expect("close");
		const record = machine.record();
		assert.deepEqual([record.server.host, record.fact], ["check.sallyport.test", "onboarding"]);
		assert.deepEqual([record.clientLeg?.certificateSha256, record.clientLeg?.group], ["bb", "P-256"]);
		assert.ok(record.ja4 !== undefined && record.timing.helloMs === 10);
	});

	test("a hello in the same octets as CONNECT is read; another port, or a site without a test, goes the usual way", () => {
		const begun = Buffer.concat([octets("CONNECT check.sallyport.test:443 HTTP/1.1\r\n\r\n"), hello]);
		session([], withPage).talk.event(says(begun)).expect("send-client").expect("prepare-own-context");
		session([decryptAll()], withPage).talk.event(connect("check.sallyport.test:8443")).expect("resolve-server");
		const none = { onboarding: exampleSite({ signer: undefined }) };
		session([decryptAll()], none).talk.event(connect("check.sallyport.test:443")).expect("resolve-server");
	});

	test("a client that does not trust the CA is told by its alert alone; one that says nothing in time is reset", () => {
		const refused = session([], withPage);
		refused.talk.event(connect("check.sallyport.test:443")).expect("send-client").event(says(hello));
		refused.talk.expect("prepare-own-context").event(ready).expect("start-client-tls");
		const failure = fault("CLIENT_DOES_NOT_TRUST_CA", "client 10.1.4.7 does not trust the CA");
		refused.talk.event({ type: "client-failed", fault: failure }).expect("close");
		assert.equal(refused.machine.record().faultCode, "CLIENT_DOES_NOT_TRUST_CA");
		const silent = session([], withPage);
		silent.talk.event(connect("check.sallyport.test:443")).expect("send-client");
		silent.talk.after(2_000).event(timeUp).expect("send-client", alert("handshake_failure")).expect("close");
		const hasty = session([], withPage);
		hasty.talk.event(connect("check.sallyport.test:443")).expect("send-client").event(says(hello));
		hasty.talk.expect("prepare-own-context").event(ready).expect("start-client-tls").event(clientSecured);
		hasty.talk.expect("read-plaintext").event({ type: "client-ended", why: "the client closed" }).expect("close");
		assert.match(hasty.machine.record().endedBecause, /closed right after the handshake.* may not trust the CA/);
		const mute = session([], withPage);
		mute.talk.event(connect("check.sallyport.test:443")).expect("send-client").event(says(hello));
		mute.talk.expect("prepare-own-context").event(ready).expect("start-client-tls").event(clientSecured);
		mute.talk.expect("read-plaintext").after(1_000).event(timeUp).expect("close", manner("reset"));
	});
});

describe("what the policy forbids", () => {
	test("is refused with a 403 page before anything is resolved when the name decides", () => {
		const { machine, talk } = session([deny({ host: "shop.example" }), passAll]);
		talk.event(connect()).expect("send-client", (effect) => {
			status(403)(effect);
			const page = Buffer.from(effect.octets).toString();
			assert.match(page, /<td>no<\/td>/);
			assert.match(page, /3f9c2a1b77d0e452/);
		});
		talk.expect("close", manner("end")).done();
		const { decision, rule, endedBecause, faultCode } = machine.record();
		assert.deepEqual([decision, rule, faultCode], ["block", "no", undefined]);
		assert.match(endedBecause, /^blocked by no because requested host shop\.example is in bad-host/);
	});

	test("is refused with a 403 page once the address decides, before it is connected to", () => {
		const { machine, talk } = at("await-resolve", [deny({ prefix: "192.0.2.0/24" }), passAll]);
		talk.event(resolved("192.0.2.10")).expect("send-client", status(403)).expect("close").done();
		assert.equal(machine.record().decision, "block");
		assert.equal(machine.record().server.address, undefined);
	});

	test("is refused with the alert access_denied when the server name of the hello decides", () => {
		const { machine, talk } = at("expect-hello", [deny({ host: "other.example" }), passAll]);
		talk.event(says(inRecords(buildHello({ extensions: [serverNameExtension([0, "other.example"])] }))));
		talk.expect("send-client", alert("access_denied")).expect("close", manner("end")).done();
		const record = machine.record();
		assert.deepEqual([record.decision, record.sni, record.faultCode], ["block", "other.example", undefined]);
	});

	test("is everything when no policy matches and the default policy denies", () => {
		const { talk, machine } = session([]);
		talk.event(connect()).expect("send-client", status(403)).expect("close").done();
		assert.equal(machine.record().rule, "default-policy");
	});
});

describe("targets on the gateway's own host", () => {
	for (const target of ["127.0.0.1", "0.0.0.0", "169.254.169.254", "[::1]", "[::]", "[fe80::1]"]) {
		test(`F14: ${target} is refused with 403`, () => {
			const { machine, talk } = session();
			talk
				.event(connect(`${target}:443`))
				.expect("send-client", status(403))
				.expect("close")
				.done();
			assert.equal(machine.record().faultCode, "PROXY_TARGET_REFUSED");
		});
	}

	test("F14: a name that resolves to this host alone is refused; beside others it is left out", () => {
		at("await-resolve")
			.talk.event(resolved("127.0.0.1", "::1"))
			.expect("send-client", status(403))
			.expect("close")
			.done();
		const { talk } = at("await-resolve");
		talk.event(resolved("127.0.0.1", "192.0.2.10")).expect("connect-server", ({ addresses }) => {
			assert.deepEqual(addresses, [server]);
		});
		talk.done();
	});

	test("F14: a listener of the gateway is refused even where local targets are permitted", () => {
		const isOwnListener = (target: Address, port: number) => port === 8_080 && target.octets[0] === 127;
		const parts = { mayReachLocal: true, isOwnListener };
		session(undefined, parts).talk.event(connect("127.0.0.1:8080")).expect("send-client", status(403)).expect("close");
		session(undefined, parts).talk.event(connect("127.0.0.1:8443")).expect("connect-server").done();
	});

	test("F14: a name without any address is refused and the message names the target", () => {
		const { machine, talk } = at("await-resolve");
		talk.event({ type: "server-resolved", addresses: [] }).expect("send-client", status(403)).expect("close").done();
		assert.match(machine.record().endedBecause, /^target shop\.example:443 is refused/);
	});
});

describe("what is no ClientHello", () => {
	for (const [name, chunk, looksLike] of [
		["plain HTTP", octets("GET / HTTP/1.1\r\n"), "http"],
		["SSH", octets("SSH-2.0-OpenSSH\r\n"), "ssh"],
		["a TLS record without a hello", Uint8Array.of(23, 3, 3, 0, 1, 0), "tls-without-hello"],
	] as const) {
		test(`F13: ${name} inside the tunnel ends the session, and passes where the profile says so`, () => {
			const { machine, talk } = at("expect-hello");
			talk.event(says(chunk)).expect("close", manner("end")).done();
			assert.equal(machine.record().faultCode, "CLIENT_NOT_TLS");
			assert.match(machine.record().endedBecause, new RegExp(`got ${looksLike}$`));

			const passing = at("expect-hello", [decryptAll({ passesNonTls: true })]);
			passing.talk.event(says(chunk)).expect("relay", ({ mode, first, decision }) => {
				assert.equal(mode, "bypass");
				assert.deepEqual(first, chunk);
				assert.match(decision.fact, new RegExp(`it is not TLS \\(${looksLike}\\)$`));
			});
			passing.talk.done();
			assert.equal(passing.machine.record().decision, "bypass");
		});
	}

	test("F13: where the policies would have blocked it whatever it speaks, that is what is recorded, and the client sees a reset", () => {
		const elsewhere = new AddressSet();
		elsewhere.addHost("other.example", "other");
		const { machine, talk } = session([{ ...decryptAll(), destinations: elsewhere }]);
		talk.event(says("CONNECT 192.0.2.10:443 HTTP/1.1\r\n\r\n")).expect("connect-server");
		talk.event(connected).expect("send-client");
		talk
			.event(says(Buffer.from("SSH-2.0-test\r\n")))
			.expect("close", manner("reset"))
			.done();
		const { decision, faultCode, endedBecause } = machine.record();
		assert.deepEqual([decision, faultCode], ["block", undefined]);
		assert.match(endedBecause, /^blocked by /);
	});

	test("R160 F1: an SSL 2.0 hello is refused even where other protocols pass", () => {
		const sslv2 = Uint8Array.of(0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10);
		for (const rule of [decryptAll({ passesNonTls: true }), passAll]) {
			const { machine, talk } = at("expect-hello", [rule]);
			talk.event(says(sslv2)).expect("close").done();
			assert.equal(machine.record().faultCode, "CLIENT_NOT_TLS");
		}
	});

	test("F10: a malformed hello is answered with decode_error", () => {
		const { machine, talk } = at("expect-hello");
		talk.event(says(Uint8Array.of(22, 3, 1, 0, 4, 2, 0, 0, 0)));
		talk.expect("send-client", alert("decode_error")).expect("close").done();
		assert.equal(machine.record().faultCode, "CLIENT_HELLO_MALFORMED");
	});

	test("F10: a hello that says to be larger than 64 KB is answered at once", () => {
		const { machine, talk } = at("expect-hello");
		talk.event(says(Uint8Array.of(22, 3, 1, 0, 4, 1, 1, 0, 0)));
		talk.expect("send-client", alert("decode_error")).expect("close").done();
		assert.equal(machine.record().faultCode, "CLIENT_HELLO_TOO_LARGE");
	});

	test("N5: a server name that is none is refused, and what it said is told without control characters", () => {
		const { machine, talk } = at("expect-hello");
		talk.event(says(inRecords(buildHello({ extensions: [serverNameExtension([0, "shop.example\n/evil"])] }))));
		talk.expect("send-client", alert("decode_error")).expect("close").done();
		const { endedBecause, decision, sni } = machine.record();
		assert.match(endedBecause, /got "shop\.example\?\/evil"/);
		assert.deepEqual([decision, sni], ["none", undefined]);
	});
});

describe("a server that is not trusted", () => {
	test("M12 K5: gets a leaf of the untrusted CA, so that the client warns", () => {
		const { machine, talk } = at("await-server-tls");
		talk
			.event(secured(untrusted))
			.expect("prepare-context", ({ signer }) => assert.equal(signer, "untrusted"))
			.done();
		assert.equal(machine.record().serverTrust, "the certificate is self-signed");
	});

	for (const [name, parts] of [
		["the profile blocks invalid certificates", { blocksInvalidCertificates: true }],
		["there is no untrusted CA", { untrustedCa: undefined }],
	] as const) {
		test(`V2: is refused with unknown_ca when ${name}`, () => {
			const { machine, talk } = at("await-server-tls", [decryptAll(parts)]);
			talk.event(secured(untrusted)).expect("send-client", alert("unknown_ca")).expect("close", manner("end")).done();
			const record = machine.record();
			assert.equal(record.faultCode, "SERVER_CERTIFICATE_INVALID");
			assert.match(record.endedBecause, /shop\.example:443 is blocked; the certificate is self-signed/);
			assert.deepEqual(record.serverLeg, serverLeg);
		});
	}

	test("R111: is refused when it has expired and the profile blocks that, and warned of for any other reason", () => {
		const rules = [decryptAll({ blocksExpiredCertificates: true })];
		const expired = { ...untrusted, isExpired: true };
		const refused = at("await-server-tls", rules);
		refused.talk
			.event(secured(expired))
			.expect("send-client", alert("unknown_ca"))
			.expect("close", manner("end"))
			.done();
		assert.equal(refused.machine.record().faultCode, "SERVER_CERTIFICATE_INVALID");
		for (const [asked, verdict] of [
			[rules, untrusted],
			[[decryptAll({})], expired],
		] as const) {
			const { talk } = at("await-server-tls", asked);
			talk
				.event(secured(verdict))
				.expect("prepare-context", ({ signer }) => assert.equal(signer, "untrusted"))
				.done();
		}
	});

	test("counts as trusted where server authentication failures are ignored, and the record still says why not", () => {
		const parts = { ignoresServerAuthFailure: true, blocksInvalidCertificates: true };
		const { machine, talk } = at("await-server-tls", [decryptAll(parts)]);
		talk
			.event(secured(untrusted))
			.expect("prepare-context", ({ signer }) => assert.equal(signer, "trusted"))
			.done();
		assert.equal(machine.record().serverTrust, "the certificate is self-signed");
	});
});

describe("failures", () => {
	for (const [name, text, code, httpStatus] of [
		["another method", "GET http://a.example/ HTTP/1.1\r\n\r\n", "PROXY_METHOD_REFUSED", 405],
		["a malformed request", "CONNECT nowhere HTTP/1.1\r\n\r\n", "PROXY_REQUEST_MALFORMED", 400],
		["an endless head", `CONNECT a:1 HTTP/1.1\r\nA: ${"b".repeat(20_000)}`, "PROXY_HEAD_TOO_LARGE", 431],
	] as const) {
		test(`${name} is answered with ${httpStatus}`, () => {
			const { machine, talk } = session([decryptAll()], { way: tunnelsOnly });
			talk.event(says(text)).expect("send-client", status(httpStatus)).expect("close", manner("end")).done();
			assert.equal(machine.record().faultCode, code);
			assert.deepEqual(machine.record().server, { host: "", port: 0 });
		});
	}

	for (const state of ["await-resolve", "await-connect"] as const) {
		test(`of the server in ${state} are told in HTTP`, () => {
			const { machine, talk } = at(state);
			talk.event({ type: "server-failed", fault: unreachable });
			talk.expect("send-client", status(502)).expect("close", manner("end")).done();
			assert.equal(machine.record().faultCode, "SERVER_UNREACHABLE");
		});
	}

	for (const state of ["expect-hello", "await-server-tls", "await-context"] as const) {
		test(`of the server in ${state} are told by one alert in clear`, () => {
			const { talk } = at(state);
			talk.event({ type: "server-failed", fault: unreachable });
			talk.expect("send-client", alert("internal_error")).expect("close", manner("end")).done();
		});
	}

	test("of the server amid the client's handshake are a reset: an alert in clear would stand amid the client's records", () => {
		const { machine, talk } = at("await-client-tls");
		talk.event({ type: "server-failed", fault: unreachable }).expect("close", manner("reset")).done();
		assert.equal(machine.record().faultCode, "SERVER_UNREACHABLE");
	});

	test("R176: a client that offers nothing both sides may use is told so by the alert of its fault", () => {
		const { talk } = at("await-server-tls");
		const failure = fault("TLS_VERSIONS_DO_NOT_MATCH", "client offers TLS 1.1 at most");
		talk.event({ type: "server-failed", fault: failure }).expect("send-client", alert("protocol_version"));
		talk.expect("close").done();
	});

	test("of signing are told by the alert internal_error", () => {
		const { machine, talk } = at("await-context");
		talk.event({ type: "context-failed", fault: fault("CERTIFICATE_SIGNING_FAILED", "no signature") });
		talk.expect("send-client", alert("internal_error")).expect("close").done();
		assert.equal(machine.record().faultCode, "CERTIFICATE_SIGNING_FAILED");
	});

	test("of the client's handshake close both sides and keep what was known of the server", () => {
		const { machine, talk } = at("await-client-tls");
		talk.event({ type: "client-failed", fault: fault("CLIENT_DOES_NOT_TRUST_CA", "client refused it") });
		talk.expect("close", manner("end")).done();
		const record = machine.record();
		assert.equal(record.faultCode, "CLIENT_DOES_NOT_TRUST_CA");
		assert.deepEqual(record.serverLeg, serverLeg);
		assert.equal(record.clientLeg, undefined);
	});

	test("of the relay are in the record with what had moved by then", () => {
		const { machine, talk } = at("await-relay-end");
		const ended = { ...summary, why: "idle", faultCode: "SESSION_IDLE_TIMEOUT" };
		talk.event({ type: "relay-ended", summary: ended }).expect("close").done();
		const { faultCode, endedBecause, octetsToClient } = machine.record();
		assert.deepEqual([faultCode, endedBecause, octetsToClient], ["SESSION_IDLE_TIMEOUT", "idle", 20]);
	});
});

describe("time", () => {
	for (const [state, waitMs, answer, code] of [
		["expect-request", 1_000, status(408), "PROXY_HEAD_TIMEOUT"],
		["await-resolve", 3_000, status(504), "SERVER_CONNECT_TIMEOUT"],
		["await-connect", 3_000, status(504), "SERVER_CONNECT_TIMEOUT"],
		["expect-hello", 2_000, alert("handshake_failure"), "CLIENT_HELLO_TIMEOUT"],
		["await-server-tls", 4_000, alert("handshake_failure"), "SERVER_HANDSHAKE_FAILED"],
		["await-context", 4_000, alert("internal_error"), "CERTIFICATE_SIGNING_FAILED"],
	] as const) {
		test(`runs out in ${state} after ${waitMs} ms with ${code}`, () => {
			const { machine, talk } = at(state);
			talk
				.waits(waitMs)
				.after(waitMs)
				.event(timeUp)
				.expect("send-client", answer)
				.expect("close", manner("end"))
				.done();
			assert.equal(machine.record().faultCode, code);
			assert.equal(machine.record().endedAt, start + waitMs);
			talk.waits(Number.POSITIVE_INFINITY);
		});
	}

	test("runs out in await-client-tls with a reset", () => {
		const { machine, talk } = at("await-client-tls");
		talk.waits(4_000).after(4_000).event(timeUp).expect("close", manner("reset")).done();
		assert.equal(machine.record().faultCode, "CLIENT_HANDSHAKE_FAILED");
	});

	test("does not run out while the relay has the session: it has an idle time of its own", () => {
		const { machine, talk } = at("await-relay-end");
		talk.waits(Number.POSITIVE_INFINITY).after(1e9).event(timeUp).done();
		assert.equal(machine.isClosed, false);
	});

	test("is not prolonged by octets that come one by one", () => {
		const { talk } = session();
		talk.after(600).event(says("CON")).waits(400).after(300).event(says("NECT")).waits(100).done();
		const waiting = at("expect-hello").talk;
		waiting
			.after(1_500)
			.event(says(hello.subarray(0, 20)))
			.waits(500)
			.done();
	});
});

describe("the end", () => {
	for (const state of states) {
		test(`in ${state}: a client that leaves closes the session, and whatever comes later is answered with nothing`, () => {
			const { machine, talk } = at(state);
			talk
				.after(5)
				.event({ type: "client-ended", why: "the client closed the connection" })
				.expect("close", manner("end"));
			const record = machine.record();
			assert.equal(record.endedAt, start + 5);
			assert.equal(record.endedBecause, "the client closed the connection");
			assert.equal(record.faultCode, undefined);
			for (const late of everyEvent) talk.after(1).event(late).done();
			assert.deepEqual(machine.record(), record);
		});
	}

	test("octets of the client are wanted in two states alone, and an event that cannot be is a bug that says so", () => {
		for (const state of states) {
			const { machine } = at(state);
			const isWanted = state === "expect-request" || state === "expect-hello";
			assert.equal(machine.wantsOctets, isWanted, state);
			if (!isWanted) assert.throws(() => machine.step(says("x"), start), new RegExp(`client-octets in state ${state}`));
			assert.equal(machine.profile?.name, stateKnowsProfile.has(state) ? "inspect" : undefined);
		}
		for (const [event, state] of ownStates) {
			for (const other of states.filter((candidate) => candidate !== state)) {
				assert.throws(() => at(other).machine.step(event, start), new RegExp(`${event.type} in state ${other}`));
			}
		}
	});

	test("no octets of a client make the machine throw, and its answers are the same each time", () => {
		const chunk = fc.oneof(
			fc.uint8Array({ maxLength: 64 }),
			fc.constant(hello),
			fc.nat({ max: hello.length }).map((cut) => hello.subarray(0, cut)),
			fc.tuple(fc.nat({ max: hello.length - 1 }), fc.nat(255)).map(([index, value]) => hello.with(index, value)),
		);
		fc.assert(
			fc.property(
				fc.constantFrom("expect-request", "expect-hello"),
				fc.array(chunk, { maxLength: 6 }),
				(state, chunks) => {
					const run = () => {
						const { machine } = at(state as StateTag);
						return chunks.flatMap((piece) => (machine.wantsOctets ? [...machine.step(says(piece), start)] : []));
					};
					assert.deepEqual(run(), run());
				},
			),
		);
	});
});

const everyEvent: readonly SessionEvent[] = [
	says("late"),
	{ type: "client-ended", why: "again" },
	resolved("192.0.2.10"),
	connected,
	{ type: "server-failed", fault: unreachable },
	secured(),
	ready,
	{ type: "context-failed", fault: fault("CERTIFICATE_SIGNING_FAILED", "late") },
	clientSecured,
	{ type: "client-failed", fault: fault("CLIENT_HANDSHAKE_FAILED", "late") },
	{ type: "relay-ended", summary },
	timeUp,
];
/** Events that belong to one state, and to be had in no other. */
const ownStates: readonly (readonly [SessionEvent, StateTag])[] = [
	[resolved("192.0.2.10"), "await-resolve"],
	[connected, "await-connect"],
	[secured(), "await-server-tls"],
	[ready, "await-context"],
	[clientSecured, "await-client-tls"],
];
const stateKnowsProfile: ReadonlySet<StateTag> = new Set([
	"await-server-tls",
	"await-context",
	"await-client-tls",
	"await-relay-end",
]);

describe("deny", () => {
	test("says nothing to the client, before and behind its ClientHello, where reject says no", () => {
		const early = session([deny({ host: "shop.example" }, "deny"), passAll]);
		early.talk.event(connect()).expect("close", manner("end")).done();
		assert.equal(early.machine.record().decision, "block");
		const late = at("expect-hello", [deny({ host: "other.example" }, "deny"), passAll]);
		late.talk.event(says(inRecords(buildHello({ extensions: [serverNameExtension([0, "other.example"])] }))));
		late.talk.expect("close", manner("end")).done();
	});

	test("log session-init is an event, of sessions that are permitted and of those that are not", () => {
		const logged = { logsInit: (rule: string) => rule !== "pass" };
		const told = (id: string) => (effect: { readonly event: { readonly id: string } }) =>
			assert.equal(effect.event.id, id);
		const denied = session([deny({ host: "shop.example" }, "deny"), passAll], logged);
		denied.talk.event(connect()).expect("tell", told("SESSION_DENIED")).expect("close").done();
		const opened = at("expect-hello", [decryptAll()], logged);
		opened.talk.event(says(hello)).expect("tell", told("SESSION_PERMITTED")).expect("start-server-tls").done();
		const silent = at("expect-hello", [passAll], logged);
		silent.talk.event(says(hello)).expect("relay").done();
	});
});

describe("overload", () => {
	const full = (action: "bypass" | "block") =>
		({ mayDecrypt: () => ({ may: false, action, because: "it is full" }) }) as const;

	test("R186: a session beyond the limit is relayed untouched, and the record says why", () => {
		const { machine, talk } = at("expect-hello", [decryptAll()], full("bypass"));
		talk
			.event(says(hello))
			.expect("relay", ({ mode }) => assert.equal(mode, "bypass"))
			.done();
		const { decision, cause, fact } = machine.record();
		assert.deepEqual([decision, cause, fact], ["bypass", "overload", "it is full"]);
	});

	test("R186: with overload-action block it is refused by an alert, or by a reset where the profile says so", () => {
		const { machine, talk } = at("expect-hello", [decryptAll()], full("block"));
		talk.event(says(hello)).expect("send-client", alert("access_denied")).expect("close", manner("end")).done();
		assert.equal(machine.record().decision, "block");
		const resets = at("expect-hello", [decryptAll({ sendsReset: "both" })], full("block"));
		resets.talk.event(says(hello)).expect("close", (close) => {
			assert.deepEqual([close.manner, close.resetsServer], ["reset", true]);
		});
		resets.talk.done();
	});
});

describe("R122 R132: a session that is blocked for its server's certificate", () => {
	for (const [sendsReset, expected] of [
		[undefined, ["end", undefined]],
		["client", ["reset", undefined]],
		["server", ["end", true]],
	] as const) {
		test(`resets ${sendsReset ?? "nobody"}`, () => {
			const rules = [decryptAll({ untrustedCa: undefined, sendsReset })];
			const { talk } = at("await-server-tls", rules);
			talk.event(secured(untrusted));
			if (sendsReset !== "client") talk.expect("send-client", alert("unknown_ca"));
			talk.expect("close", (close) => assert.deepEqual([close.manner, close.resetsServer], expected)).done();
		});
	}
});

describe("a session that is let be after its server was looked at", () => {
	const exempt = new AddressSet();
	exempt.addHost("shop.example", "exempt");
	const exempting = [decryptAll({ exemptDestinations: exempt })];

	test("R172 M18: goes untouched over a fresh connection when the server asks for a client's certificate", () => {
		const { machine, talk } = at("await-server-tls");
		talk.event({ ...secured(), wantsCertificate: true } as SessionEvent).expect("reconnect-server", (effect) => {
			assert.deepEqual([effect.address, effect.port], [server, 443]);
		});
		talk.event(connected).expect("relay", ({ mode, first }) => {
			assert.deepEqual([mode, Buffer.from(first)], ["bypass", Buffer.from(hello)]);
		});
		talk.done();
		const { decision, cause, serverLeg: shown } = machine.record();
		assert.deepEqual([decision, cause, shown], ["bypass", "client-certificate", undefined]);
	});

	test("R206: is refused instead when its client is shut off", () => {
		const shutOff = {
			plan: { bypassRules: [], trafficRules: [], reputation: new Map() },
			state: () => ({ feeds: new Map(), quarantine: { find: () => ({ until: 5, why: "signature 7" }) } }),
		};
		const { machine, talk } = at("expect-hello", undefined, { precedence: shutOff });
		talk.event(says(hello)).expect("start-server-tls");
		talk
			.event({ ...secured(), wantsCertificate: true } as SessionEvent)
			.expect("send-client")
			.expect("close")
			.done();
		const { decision, stage, endedBecause } = machine.record();
		assert.deepEqual([decision, stage], ["block", "quarantine"]);
		assert.match(endedBecause, /quarantine: client .* is shut off until .*; signature 7/);
	});

	test("ends with an alert when the fresh connection fails or takes too long", () => {
		for (const event of [{ type: "server-failed", fault: unreachable } as const, timeUp]) {
			const { talk } = at("await-server-tls");
			talk.event({ ...secured(), wantsCertificate: true } as SessionEvent).expect("reconnect-server");
			talk.after(60_000).event(event).expect("send-client").expect("close").done();
		}
	});

	test("R156: by default an exempt name is believed, and its server's certificate is looked at beside", () => {
		const { talk } = at("expect-hello", exempting);
		talk
			.event(says(hello))
			.expect("witness-name", ({ name, port }) => assert.deepEqual([name, port], ["shop.example", 443]));
		talk.expect("relay").done();
	});

	test("R156 N5: with verify-certificate the certificate must bear the name, or the session is opened", () => {
		const verifying = { trustsSni: false };
		const true_ = at("expect-hello", exempting, verifying);
		true_.talk.event(says(hello)).expect("start-server-tls");
		true_.talk.event({ ...secured(), bearsName: () => true } as SessionEvent).expect("reconnect-server");
		true_.talk
			.event(connected)
			.expect("relay", ({ mode }) => assert.equal(mode, "bypass"))
			.done();
		assert.deepEqual([true_.machine.record().decision, true_.machine.record().cause], ["bypass", "exempt"]);
		const false_ = at("expect-hello", exempting, verifying);
		false_.talk.event(says(hello)).expect("start-server-tls");
		false_.talk
			.event({ ...secured(), bearsName: () => false } as SessionEvent)
			.expect("prepare-context")
			.done();
		assert.match(false_.machine.record().fact, /certificate does not bear/);
	});
});
