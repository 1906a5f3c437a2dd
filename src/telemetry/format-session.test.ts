import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { cellWidth } from "#telemetry/display-text.ts";
import { localTime, SessionTable, shortOctets } from "#telemetry/format-session.ts";
import { arbitraryRecord, recordedAt, sessionRecord, without } from "../../test/support/session-records.ts";

const plain = (width?: number) =>
	new SessionTable(width === undefined ? { hasColour: false } : { width, hasColour: false });
const time = localTime(recordedAt).slice(5);

test("one session is one line under its header", () => {
	const table = plain(150);
	const titles = [
		"TIME",
		"SESSION",
		"LISTENER",
		"CLIENT",
		"HOST",
		"OUTCOME",
		"RULE",
		"TLS",
		"OCTETS",
		"FINDINGS",
		"ENDED",
	];
	assert.deepEqual(table.header().split(/ +/), titles);
	assert.equal(
		table.line(sessionRecord()).replace(/ +/g, " "),
		`${time} 3f9c2a1b explicit 10.1.4.7 shop.example decrypted default 1.3/1.3 412/13K - the client closed`,
	);
});

test("columns stand under their titles", () => {
	const table = plain(150);
	const header = table.header();
	const line = table.line(sessionRecord());
	for (const [title, text] of [
		["CLIENT", "10.1.4.7"],
		["HOST", "shop.example"],
		["ENDED", "the client"],
	] as const) {
		assert.equal(header.indexOf(title), line.indexOf(text));
	}
});

test("a narrow terminal loses the least needed columns first and keeps the decision", () => {
	assert.doesNotMatch(plain(100).header(), /OCTETS/);
	assert.match(plain(80).header(), /TIME +SESSION +CLIENT +HOST +OUTCOME +ENDED/);
	assert.equal(plain(30).header().replace(/ +/g, " "), "HOST OUTCOME");
	assert.match(plain(1).line(sessionRecord()), /^.$/);
});

test("what does not fit is cut with a mark; into a file everything is written", () => {
	const record = sessionRecord({ server: { host: `${"a".repeat(70)}.example`, port: 8_443 } });
	assert.match(plain(120).line(record), / a+~ /);
	assert.ok(
		plain()
			.line(record)
			.includes(`${"a".repeat(70)}.example:8443 `),
	);
});

test("a port other than 443, an IPv6 host and a host that was never named are shown", () => {
	const host = (server: { host: string; port: number; address?: string }) => plain().line(sessionRecord({ server }));
	assert.match(host({ host: "2001:db8::1", port: 8_443 }), / \[2001:db8::1\]:8443 /);
	assert.match(host({ host: "", port: 443, address: "192.0.2.7" }), / 192\.0\.2\.7 /);
	assert.match(host({ host: "", port: 0 }), / - /);
});

test("R219: legs, findings and faults are short, and stand side by side", () => {
	const record = without(
		sessionRecord({
			decision: "block",
			faultCode: "SERVER_UNREACHABLE",
			findings: [
				{ service: "patterns", name: "eicar", where: "url", verdict: "report" },
				{ service: "patterns", name: "eicar", where: "response-body", verdict: "block" },
			],
		}),
		"serverLeg",
	);
	assert.match(plain().line(record), /1\.3\/- .* 2: eicar +SERVER_UNREACHABLE: the client closed$/);
});

test("colours appear only when asked for, and never change what stands there", () => {
	fc.assert(
		fc.property(arbitraryRecord, fc.integer({ min: 20, max: 260 }), (record, width) => {
			const coloured = new SessionTable({ width, hasColour: true }).line(record);
			const bare = plain(width).line(record);
			assert.ok(!bare.includes("\x1b"));
			assert.equal(stripVTControlCharacters(coloured).trimEnd(), bare);
		}),
	);
	const blocked = new SessionTable({ hasColour: true }).line(sessionRecord({ decision: "block" }));
	assert.ok(blocked.includes("\x1b[31mblock"));
});

test("no record breaks out of its line or out of the width", () => {
	fc.assert(
		fc.property(arbitraryRecord, fc.integer({ min: -1, max: 300 }), (record, width) => {
			const line = plain(width).line(record);
			assert.doesNotMatch(line, /[\p{Cc}\p{Cf}]/u);
			assert.ok(cellWidth(line) <= Math.max(width, 1));
			assert.doesNotMatch(plain().line(record), /[\p{Cc}\p{Cf}]/u);
		}),
	);
});

test("octets take five characters at most", () => {
	assert.deepEqual([0, 999, 1_000, 1_229, 13_401, 1_048_576, 5e15].map(shortOctets), [
		"0",
		"999",
		"1.0K",
		"1.2K",
		"13K",
		"1.0M",
		"4.4P",
	]);
	fc.assert(fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (octets) => shortOctets(octets).length <= 5));
});

test("a time that is none is shown as such", () => {
	assert.equal(localTime(Number.NaN), "?");
	assert.match(localTime(recordedAt), /^2026-11-2\d \d\d:\d\d:00$/);
});

test("a name that hides another one (ECH) is marked", () => {
	const line = new SessionTable({ hasColour: false }).line(sessionRecord({ sni: "public.example", ech: "real" }));
	assert.match(line, / public\.example \(hides another\) /);
	assert.doesNotMatch(new SessionTable({ hasColour: false }).line(sessionRecord({ ech: "grease" })), /hides/);
});
