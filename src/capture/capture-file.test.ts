import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readCapture } from "#capture/capture-file.ts";
import { pcapFile, pcapngFile } from "../../test/support/captures.ts";

const frames = [Buffer.from("first"), Buffer.from("second!!")];

function read(file: Uint8Array): { packets: string[]; problem: string | undefined } {
	const capture = readCapture(file);
	if (typeof capture === "string") return { packets: [], problem: capture };
	const packets = [...capture.packets].map(
		({ at, linkType, octets, number }) =>
			`${number} ${linkType} ${new Date(at).toISOString()} ${Buffer.from(octets).toString()}`,
	);
	return { packets, problem: capture.problem() };
}

const expected = ["1 1 2026-11-30T00:00:00.000Z first", "2 1 2026-11-30T00:00:00.001Z second!!"];

test("pcap and pcapng give the same packets", () => {
	assert.deepEqual(read(pcapFile(frames)), { packets: expected, problem: undefined });
	assert.deepEqual(read(pcapngFile(frames)), { packets: expected, problem: undefined });
});

test("both byte orders and nanoseconds are read", () => {
	const header = "4d3cb2a1020004000000000000000000ffff000001000000";
	const packet = `${Buffer.from(Uint32Array.of(1_795_996_800, 1_000_000, 5, 5).buffer).toString("hex")}${frames[0]?.toString("hex")}`;
	assert.deepEqual(read(Buffer.from(header + packet, "hex")).packets, ["1 1 2026-11-30T00:00:00.001Z first"]);
});

test("a file that is cut gives the packets before, and says so", () => {
	for (const file of [pcapFile(frames), pcapngFile(frames)]) {
		const { packets, problem } = read(file.subarray(0, file.length - 3));
		assert.deepEqual(packets, expected.slice(0, 1));
		assert.match(problem ?? "", /is cut in/);
	}
});

test("what is no capture is told", () => {
	assert.match(read(Buffer.from("short")).problem ?? "", /at least 24/);
	assert.match(read(Buffer.alloc(64)).problem ?? "", /neither as pcap/);
	const file = pcapFile(frames);
	new DataView(file.buffer).setUint32(24 + 8, 999_999_999);
	assert.match(read(file).problem ?? "", /packet 1 says 999999999/);
});

test("no octets make it fail", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (tail, isNext) => {
			const head = (isNext ? pcapngFile([]) : pcapFile([])).slice();
			read(tail);
			read(Buffer.concat([head, tail]));
		}),
	);
});
