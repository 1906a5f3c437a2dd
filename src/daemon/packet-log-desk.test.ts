import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { readCapture } from "#capture/capture-file.ts";
import { PacketLogDesk, type PacketLogLimits } from "#daemon/packet-log-desk.ts";
import type { PacketLogReport } from "#daemon/worker-packet-logs.ts";
import { formatEvent } from "#telemetry/event-table.ts";

const report: PacketLogReport = {
	session: "0123456789abcdef",
	transport: "tcp",
	client: { address: "10.0.0.1", port: 4_000 },
	server: { address: "192.0.2.1", port: 443 },
	attacks: ["7 a worm"],
	pieces: [{ at: 5, direction: 0, offset: 0, received: 0, octets: Uint8Array.from(Buffer.from("evil")) }],
};

function desk(t: TestContext, limits: Partial<PacketLogLimits> = {}) {
	const folder = mkdtempSync(join(tmpdir(), "sallyport-packets-"));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	const directory = join(folder, "packet-log");
	const events: string[] = [];
	const counted: string[] = [];
	const clock = { now: Date.parse("2026-11-30T10:00:00Z") };
	const made = new PacketLogDesk(
		{
			directory,
			event: (event) => events.push(formatEvent(event)),
			count: (id) => counted.push(id),
			now: () => clock.now,
		},
		{ maxFiles: 3, maxOctets: 1e6, maxPerMinute: 100, ...limits },
	);
	return { made, directory, folder, events, counted, clock, files: () => readdirSync(directory).sort() };
}

test("a log is a capture with a name of when, where and what, that only the owner reads", (t) => {
	const { made, directory, events, files } = desk(t);
	made.noted(report);
	assert.deepEqual(files(), ["2026-11-30T10-00-00Z-0123456789abcdef-7.pcap"]);
	const file = join(directory, files()[0] as string);
	const capture = readCapture(readFileSync(file));
	assert.ok(typeof capture !== "string");
	assert.equal([...capture.packets].length, 3, "a handshake before it");
	assert.deepEqual([statSync(file).mode & 0o777, statSync(directory).mode & 0o777], [0o600, 0o700]);
	assert.match(
		events[0] ?? "",
		/^session 0123456789abcdef of 10\.0\.0\.1: 1 packets around attack 7 a worm stand in packet-log\/2026/,
	);
});

test("the oldest files go when there are too many, or too large ones", (t) => {
	const { made, clock, files } = desk(t);
	for (let n = 0; n < 5; n++) {
		made.noted(report);
		clock.now += 1_000;
	}
	assert.deepEqual(
		files().map((name) => name.slice(17, 19)),
		["02", "03", "04"],
	);
	const small = desk(t, { maxOctets: 470 });
	for (let n = 0; n < 3; n++) {
		small.made.noted(report);
		small.clock.now += 1_000;
	}
	assert.equal(small.files().length, 2);
});

test("no more than so many are written in a minute", (t) => {
	const { made, clock, counted } = desk(t, { maxPerMinute: 2, maxFiles: 100 });
	for (let n = 0; n < 4; n++) made.noted(report);
	clock.now += 60_000;
	made.noted(report);
	assert.deepEqual(counted, [
		"packet_logs_written",
		"packet_logs_written",
		"packet_logs_dropped",
		"packet_logs_dropped",
		"packet_logs_written",
	]);
});

test("what cannot be written is told once", (t) => {
	const { made, directory, folder, events } = desk(t);
	writeFileSync(directory, "");
	made.noted(report);
	made.noted(report);
	assert.equal(events.length, 1);
	assert.match(events[0] ?? "", /^packet logs cannot be written: /);
	assert.deepEqual(readdirSync(folder), ["packet-log"]);
});

test("odd reports of a worker that was taken over write nothing", (t) => {
	const { made, events, folder } = desk(t);
	const [piece] = report.pieces;
	for (const odd of [
		{ session: "../../x" },
		{ client: { address: "nobody", port: 1 } },
		{ server: { address: "192.0.2.1", port: 70_000 } },
		{ transport: "sctp" },
		{ attacks: [5] },
		{ pieces: Array.from({ length: 2_000 }, () => piece) },
		{ pieces: [{ ...piece, at: Number.NaN }] },
		{ pieces: [{ ...piece, octets: "text" }] },
		{ pieces: [{ ...piece, direction: 2 }] },
	])
		made.noted({ ...report, ...odd } as unknown as PacketLogReport);
	assert.deepEqual([events, readdirSync(folder)], [[], []]);
});
