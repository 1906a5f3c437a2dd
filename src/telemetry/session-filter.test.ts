import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { matchesSession, parseMoment, parseSessionFilter, type SessionFilter } from "#telemetry/session-filter.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";
import {
	arbitraryRecord,
	hostileText,
	recordedAt,
	sessionRecord,
	without,
} from "../../test/support/session-records.ts";

const now = recordedAt;

function filterOf(...args: string[]): SessionFilter {
	const parsed = parseSessionFilter(args, now);
	if (parsed.kind === "refused") assert.fail(parsed.reason);
	assert.deepEqual(parsed.rest, []);
	return parsed.filter;
}

function refusal(...args: string[]): string {
	const parsed = parseSessionFilter(args, now);
	return parsed.kind === "refused" ? parsed.reason : assert.fail(`accepted ${args.join(" ")}`);
}

const matches = (record: SessionRecord, ...args: string[]) => matchesSession(filterOf(...args), record);

test("without filters every record matches", () => {
	fc.assert(fc.property(arbitraryRecord, (record) => matches(record)));
});

test("--client takes an address or a prefix of either family", () => {
	const record = sessionRecord();
	assert.ok(matches(record, "--client", "10.1.4.7"));
	assert.ok(matches(record, "--client=10.1.0.0/16"));
	assert.ok(!matches(record, "--client", "10.2.0.0/16"));
	assert.ok(!matches(record, "--client", "::/0"));
	const local = sessionRecord({ client: { address: "fe80::1%eth0", port: 1 } });
	assert.ok(matches(local, "--client", "fe80::/10"));
	assert.ok(matches(sessionRecord({ client: { address: "::ffff:10.1.4.7", port: 1 } }), "--client", "10.1.0.0/16"));
});

test("R143: --host *.company.com covers every depth below and not the name itself", () => {
	const at = (host: string) => without(sessionRecord({ server: { host, port: 443 } }), "sni");
	assert.ok(matches(at("legal.compliance.company.com"), "--host", "*.company.com"));
	assert.ok(matches(at("WWW.Company.COM."), "--host", "*.COMPANY.com"));
	assert.ok(!matches(at("company.com"), "--host", "*.company.com"));
	assert.ok(!matches(at("notcompany.com"), "--host", "*.company.com"));
	assert.ok(matches(at("company.com"), "--host", "company.com"));
	assert.ok(matches(at("2001:db8::1"), "--host", "2001:db8::1"));
});

test("--host is compared with the SNI too", () => {
	const record = sessionRecord({ server: { host: "203.0.113.9", port: 443 }, sni: "front.example" });
	assert.ok(matches(record, "--host", "front.example"));
	assert.ok(matches(record, "--host", "203.0.113.9"));
});

test("decision, rule, fault and findings", () => {
	const record = sessionRecord({
		decision: "block",
		rule: "no gambling",
		faultCode: "SERVER_UNREACHABLE",
		findings: [{ service: "patterns", name: "eicar", where: "url", verdict: "block" }],
	});
	assert.ok(matches(record, "--decision", "block", "--rule", "no gambling", "--findings", "--fault", "any"));
	assert.ok(matches(record, "--fault", "server_unreachable"));
	assert.ok(!matches(record, "--fault", "INTERNAL"));
	assert.ok(!matches(record, "--rule", "no"));
	assert.ok(!matches(record, "--decision", "bypass"));
	assert.ok(!matches(sessionRecord(), "--findings"));
	assert.ok(!matches(sessionRecord(), "--fault", "any"));
});

test("--since and --until find the sessions that were open then", () => {
	const record = sessionRecord({ startedAt: now - 600_000, endedAt: now - 300_000 });
	assert.ok(matches(record, "--since", "6m"));
	assert.ok(!matches(record, "--since", "4m"));
	assert.ok(matches(record, "--until", "9m"));
	assert.ok(!matches(record, "--until", "11m"));
	assert.ok(matches(record, "--since", "7m", "--until", "6m"), "it was open all the time between");
});

test("--text finds a part of any text of the record, in either case, but not names of fields", () => {
	const record = sessionRecord({ fact: "Host matches *.Example" });
	for (const text of ["MATCHES", "*.example", "x25519mlkem768", "203.0.113"])
		assert.ok(matches(record, "--text", text));
	assert.ok(!matches(record, "--text", "endedBecause"));
});

test("moments are ages or dates", () => {
	assert.equal(parseMoment("45s", now), now - 45_000);
	assert.equal(parseMoment("10m", now), now - 600_000);
	assert.equal(parseMoment("2h", now), now - 7_200_000);
	assert.equal(parseMoment("3d", now), now - 259_200_000);
	assert.equal(parseMoment("1w", now), now - 604_800_000);
	assert.equal(parseMoment("2026-11-21T10:00:00Z", now), recordedAt);
	assert.equal(parseMoment("2026-11-21 12:00:00.000+02:00", now), recordedAt);
	assert.equal(parseMoment("2026-11-21", now), new Date(2026, 10, 21).getTime());
	for (const text of ["", "10", "m", "10 m", "-1h", "2026-02-31", "2026-13-01", "2026-11-21T25:00", "yesterday"]) {
		assert.equal(parseMoment(text, now), undefined, text);
	}
});

test("a wrong value is answered with what was expected, what was given and the nearest", () => {
	assert.equal(refusal("--decision", "drop"), 'option --decision: expected decrypt, bypass, block or none, got "drop"');
	assert.match(refusal("--fault", "SERVER_UNREACHEABLE"), /got "SERVER_UNREACHEABLE"; nearest: SERVER_UNREACHABLE,/);
	assert.match(refusal("--client", "10.1.0.1/16"), /host bits zero\), got "10.1.0.1\/16"$/);
	assert.match(refusal("--host", "*.*.com"), /got "\*\.\*\.com"$/);
	assert.match(refusal("--since"), /^option --since has no value; expected a time such as/);
	assert.match(refusal("--rule="), /no value/);
	assert.match(refusal("--findings=yes"), /takes no value/);
	assert.match(refusal("--since", "1h", "--until", "2h"), /no session can match/);
});

test("words it does not know stay for the command, in order", () => {
	const parsed = parseSessionFilter(["--json", "--rule", "a", "--limit", "3", "toString", "constructor=1"], now);
	assert.deepEqual(parsed, {
		kind: "parsed",
		filter: { rule: "a" },
		rest: ["--json", "--limit", "3", "toString", "constructor=1"],
	});
});

test("no command line makes the parser throw, and what it accepts can be matched", () => {
	const word = fc.oneof(
		fc.constantFrom(
			"--client",
			"--host",
			"--decision",
			"--rule",
			"--fault",
			"--since",
			"--until",
			"--text",
			"--findings",
		),
		fc.constantFrom("10.0.0.0/8", "*.example.com", "block", "any", "10m", "2026-11-21", "::/0"),
		hostileText,
	);
	fc.assert(
		fc.property(fc.array(word, { maxLength: 8 }), arbitraryRecord, (words, record) => {
			const parsed = parseSessionFilter(words, now);
			if (parsed.kind === "parsed") matchesSession(parsed.filter, record);
			else assert.ok(parsed.reason.length > 0);
		}),
	);
});
