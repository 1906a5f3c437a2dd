import assert from "node:assert/strict";
import { test } from "node:test";
import { HpackEncoder } from "#http/hpack.ts";
import { blockFrames } from "#http/http2-own-frames.ts";
import { Http2Side } from "#http/http2-side.ts";
import { Http2Peer } from "../../test/support/http2-peer.ts";

const nothing = { most: new Map(), always: new Map() };
function side(): Http2Side<undefined> {
	const made = new Http2Side<undefined>("client", 10_000, nothing, { burst: 10, perSecond: 1 }, 0);
	made.allows.narrow([]);
	return made;
}

const text = (pieces: readonly Uint8Array[]) => Buffer.concat(pieces).toString("latin1");

test("a chunk that passes whole is not copied", () => {
	const one = side();
	one.begin(Buffer.from("abc"));
	one.pass(2);
	one.pass(3);
	assert.equal(one.finish(), true);
	assert.deepEqual(one.out, []);
});

test("what is dropped is cut out and what is inserted stands where it was put", () => {
	const one = side();
	one.begin(Buffer.from("abcdefgh"));
	one.pass(2);
	one.insert(Buffer.from("<1>"));
	one.drop(4);
	one.pass(6);
	one.insert(Buffer.from("<2>"));
	one.pass(8);
	assert.equal(one.finish(), false);
	assert.equal(text(one.out), "ab<1>ef<2>gh");
});

test("what is not passed does not go on", () => {
	const one = side();
	one.begin(Buffer.from("abcd"));
	one.pass(2);
	assert.equal(one.finish(), false);
	assert.equal(text(one.out), "ab");
});

test("blocks that go in their turn go as they came; from the first that does not, the tables begin anew", () => {
	const one = side();
	const encoder = new HpackEncoder(4_096);
	const receiver = new Http2Peer("client");
	const block = (value: string, stream: number) => {
		const octets = blockFrames(encoder.encode([{ name: "x-a", value }]), stream, true);
		const decoded = one.decoder.decode(octets.subarray(9));
		const list = decoded.kind === "done" ? decoded.fields : [];
		return { order: one.blocks++, octets, fields: list, isEndStream: true };
	};
	const [first, second, third, fourth] = [block("1", 1), block("2", 3), block("1", 5), block("2", 7)];
	one.passBlock(first, 1);
	assert.deepEqual(one.out, [first.octets]);
	one.passBlock(third, 5);
	one.passBlock(second, 3);
	one.passBlock(fourth, 7);
	for (const octets of one.out) receiver.receive(octets);
	assert.deepEqual(receiver.lines, [
		"HEADERS 1 END x-a=1",
		"HEADERS 5 END x-a=1",
		"HEADERS 3 END x-a=2",
		"HEADERS 7 END x-a=2",
	]);
});
