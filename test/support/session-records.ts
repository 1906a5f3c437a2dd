/** Session records for tests: one that reads well, and arbitrary ones with hostile texts. */
import fc from "fast-check";
import type { LegRecord, SessionRecord } from "#telemetry/session-record.ts";

/** 2026-11-21T10:00:00Z. */
export const recordedAt = 1_795_255_200_000;

export const leg: LegRecord = {
	version: "TLSv1.3",
	cipherSuite: "TLS_AES_256_GCM_SHA384",
	group: "X25519MLKEM768",
	alpn: "http/1.1",
	isResumed: false,
	certificateSha256: "a1".repeat(32),
};

/** A decrypted session with shop.example, changed as the test needs. */
export function sessionRecord(changes: Partial<SessionRecord> = {}): SessionRecord {
	return {
		id: "3f9c2a1b77d0e452",
		startedAt: recordedAt,
		endedAt: recordedAt + 1_500,
		listener: "explicit",
		client: { address: "10.1.4.7", port: 40_001 },
		server: { host: "shop.example", port: 443, address: "203.0.113.9" },
		sni: "shop.example",
		ja4: "t13d1516h2_8daaf6152771_02713d6af862",
		decision: "decrypt",
		rule: "default",
		fact: "no rule before it matched",
		profile: "standard",
		inspection: "inspected",
		clientLeg: leg,
		serverLeg: { ...leg, group: "X25519", certificateSha256: "b2".repeat(32) },
		serverTrust: "trusted",
		octetsToServer: 412,
		octetsToClient: 13_401,
		requests: 1,
		findings: [],
		timing: { helloMs: 1.26, serverReadyMs: 31, clientReadyMs: 35.4 },
		endedBecause: "the client closed",
		...changes,
	};
}

/** The same record without some of its fields. */
export function without(record: SessionRecord, ...names: readonly (keyof SessionRecord)[]): SessionRecord {
	return Object.fromEntries(
		Object.entries(record).filter(([name]) => !names.includes(name as keyof SessionRecord)),
	) as unknown as SessionRecord;
}

/** Texts that try to break terminals, JSON, SQL and comparisons. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
	fc.string({ unit: "binary", maxLength: 30 }),
	fc.string({ unit: "grapheme-composite", maxLength: 12 }),
	fc.constantFrom(
		"\x1b]0;owned\x07",
		"\x1b[2J\x1b[31m",
		"a\r\nb\0c",
		"\u202eexe.gpj",
		"\ud800",
		"100%_^\"'\\;--",
		"\u212aelvin",
		"\u009b31m",
		"",
	),
);

const hosts = fc.oneof(
	fc.constantFrom(
		"example.com",
		"www.example.com",
		"a.b.example.com",
		"notexample.com",
		"EXAMPLE.com.",
		"example.com/evil",
		".example.com",
		"192.0.2.1",
		"2001:db8::1",
		"",
	),
	hostileText,
);

const addresses = fc.oneof(
	fc.ipV4(),
	fc.ipV6(),
	fc.constantFrom("10.1.4.7", "10.1.255.255", "10.2.0.0", "::ffff:10.1.0.1", "fe80::1%eth0", "2001:db8::1", "nowhere"),
);

const arbitraryLeg: fc.Arbitrary<LegRecord> = fc.record(
	{
		version: fc.constantFrom("TLSv1.2", "TLSv1.3"),
		cipherSuite: hostileText,
		isResumed: fc.boolean(),
		group: hostileText,
		alpn: hostileText,
		certificateSha256: fc.constantFrom("a1".repeat(32), "b2".repeat(32)),
	},
	{ requiredKeys: ["version", "cipherSuite", "isResumed"] },
);

/** Any record at all, the optional fields there or not. */
export const arbitraryRecord: fc.Arbitrary<SessionRecord> = fc.record(
	{
		id: fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 16, maxLength: 16 }),
		startedAt: fc.integer({ min: recordedAt - 100, max: recordedAt + 100 }),
		endedAt: fc.integer({ min: recordedAt - 100, max: recordedAt + 100 }),
		listener: hostileText,
		client: fc.record({ address: addresses, port: fc.nat(65_535) }),
		server: fc.record({ host: hosts, port: fc.nat(65_535), address: addresses }, { requiredKeys: ["host", "port"] }),
		sni: hosts,
		ja3: hostileText,
		ja4: hostileText,
		hasEch: fc.boolean(),
		ech: fc.constantFrom("real", "grease", "cannot-tell", "inner"),
		nameCheck: fc.constantFrom("agrees", "differs", "unresolved"),
		decision: fc.constantFrom("decrypt", "bypass", "block", "none"),
		rule: fc.oneof(fc.constantFrom("default", "legacy"), hostileText),
		fact: hostileText,
		profile: hostileText,
		inspection: fc.constantFrom("inspected", "decrypted, not inspected", "not decrypted"),
		clientLeg: arbitraryLeg,
		serverLeg: arbitraryLeg,
		serverTrust: fc.oneof(fc.constant("trusted"), hostileText),
		octetsToServer: fc.nat(),
		octetsToClient: fc.nat(),
		requests: fc.nat(10),
		findings: fc.array(
			fc.record(
				{
					service: hostileText,
					name: hostileText,
					where: fc.constantFrom("url", "response-body"),
					verdict: fc.constantFrom("block", "report"),
					request: hostileText,
				},
				{ requiredKeys: ["service", "name", "where", "verdict"] },
			),
			{ maxLength: 3 },
		),
		timing: fc.record({ helloMs: fc.nat(), serverReadyMs: fc.nat(), clientReadyMs: fc.nat() }, { requiredKeys: [] }),
		endedBecause: hostileText,
		faultCode: fc.oneof(fc.constantFrom("SERVER_UNREACHABLE", "CLIENT_NOT_TLS"), hostileText),
	},
	{
		requiredKeys: [
			"id",
			"startedAt",
			"endedAt",
			"listener",
			"client",
			"server",
			"decision",
			"rule",
			"fact",
			"inspection",
			"octetsToServer",
			"octetsToClient",
			"requests",
			"findings",
			"timing",
			"endedBecause",
		],
	},
);
