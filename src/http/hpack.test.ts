import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeApart, HpackDecoder, HpackEncoder } from "#http/hpack.ts";

function hex(text: string): Uint8Array {
	return Buffer.from(text.replaceAll(" ", ""), "hex");
}

/** The fields as lines; a field that is never indexed begins with "!". */
function decode(decoder: HpackDecoder, block: Uint8Array): string[] | string {
	const answer = decoder.decode(block);
	if (answer.kind !== "done") return `${answer.kind}: ${answer.reason}`;
	return answer.fields.map(({ name, value, isNeverIndexed }) => `${isNeverIndexed ? "!" : ""}${name}: ${value}`);
}

test("RFC 7541 C.2: each representation by itself", () => {
	const one = (block: string) => decode(new HpackDecoder(4_096), hex(block));
	assert.deepEqual(one("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572"), [
		"custom-key: custom-header",
	]);
	assert.deepEqual(one("040c 2f73 616d 706c 652f 7061 7468"), [":path: /sample/path"]);
	assert.deepEqual(one("1008 7061 7373 776f 7264 0673 6563 7265 74"), ["!password: secret"]);
	assert.deepEqual(one("82"), [":method: GET"]);
});

const requests = [
	[":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
	[":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"],
	[":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com", "custom-key: custom-value"],
];
const cookie = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
const responses = [
	[
		":status: 302",
		"cache-control: private",
		"date: Mon, 21 Oct 2013 20:13:21 GMT",
		"location: https://www.example.com",
	],
	[
		":status: 307",
		"cache-control: private",
		"date: Mon, 21 Oct 2013 20:13:21 GMT",
		"location: https://www.example.com",
	],
	[
		":status: 200",
		"cache-control: private",
		"date: Mon, 21 Oct 2013 20:13:22 GMT",
		"location: https://www.example.com",
		"content-encoding: gzip",
		`set-cookie: ${cookie}`,
	],
];

const plainRequests = [
	"8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
	"8286 84be 5808 6e6f 2d63 6163 6865",
	"8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
];
const codedRequests = [
	"8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
	"8286 84be 5886 a8eb 1064 9cbf",
	"8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
];
const plainResponses = [
	"4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
	"4803 3330 37c1 c0bf",
	"88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
];
const codedResponses = [
	"4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
	"4883 640e ffc1 c0bf",
	"88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
];
/** The size update that announces the table of 256 octets of C.5 and C.6. */
const size256 = "3fe101";

test("RFC 7541 C.3 and C.4: requests, plain and Huffman-coded", () => {
	for (const blocks of [plainRequests, codedRequests]) {
		const decoder = new HpackDecoder(4_096);
		for (const [index, block] of blocks.entries()) assert.deepEqual(decode(decoder, hex(block)), requests[index]);
	}
});

test("RFC 7541 C.5 and C.6: responses that evict from a table of 256 octets", () => {
	for (const blocks of [plainResponses, codedResponses]) {
		const decoder = new HpackDecoder(4_096);
		decoder.setMaxTableOctets(256);
		for (const [index, block] of blocks.entries()) {
			const octets = hex(`${index === 0 ? size256 : ""}${block}`);
			assert.deepEqual(decode(decoder, octets), responses[index]);
		}
	}
});

test("the encoder writes the blocks of RFC 7541 C.4", () => {
	const encoder = new HpackEncoder(4_096);
	for (const [index, block] of codedRequests.entries()) {
		assert.equal(Buffer.from(encoder.encode(parse(requests[index] ?? []))).toString("hex"), block.replaceAll(" ", ""));
	}
});

function parse(lines: readonly string[]): { name: string; value: string; isNeverIndexed: boolean }[] {
	return lines.map((line) => {
		const isNeverIndexed = line.startsWith("!");
		const at = line.indexOf(": ");
		return { name: line.slice(isNeverIndexed ? 1 : 0, at), value: line.slice(at + 2), isNeverIndexed };
	});
}

const malformedBlocks: readonly [block: string, reason: RegExp][] = [
	["80", /index 0 points to no entry/],
	["be", /index 62 points to no entry/],
	["ff8f03", /index 526 points to no entry/],
	["7f0000", /index 63 points to no entry/],
	["ff", /ends inside a field/],
	["ffffffffff7f", /integer that is too large/],
	["ff8080808000", /integer that is too large/],
	["40", /ends inside a field/],
	["4001", /ends inside a field/],
	["400161", /ends inside a field/],
	["40016105", /ends inside a field/],
	["4001610561", /ends inside a field/],
	["400161ffffffff7f", /ends inside a field|too large/],
	["40016181ff", /Huffman/],
	["4001618100", /Huffman/],
	["400161840fffffff", /Huffman/],
	["3fe21f", /a table size of 4097 octets; allowed are 4096/],
	["8220", /a table size behind a field/],
];

for (const [block, reason] of malformedBlocks) {
	test(`a malformed block is refused: ${block}`, () => {
		const answer = new HpackDecoder(4_096).decode(hex(block));
		assert.equal(answer.kind, "malformed");
		assert.match(answer.kind === "malformed" ? answer.reason : "", reason);
	});
}

test("a smaller table that was acknowledged must be told first; twice in one block is allowed", () => {
	const silent = new HpackDecoder(4_096);
	silent.setMaxTableOctets(256);
	assert.match(String(decode(silent, hex("82"))), /no smaller table size/);
	const tells = new HpackDecoder(4_096);
	tells.setMaxTableOctets(256);
	assert.deepEqual(decode(tells, hex(`20${size256}82`)), [":method: GET"]);
	assert.deepEqual(decode(tells, hex("82")), [":method: GET"]);
	const larger = new HpackDecoder(4_096);
	larger.setMaxTableOctets(8_192);
	assert.deepEqual(decode(larger, hex("82")), [":method: GET"], "a larger one need not be used");
});

test("a block that is coded apart touches no table and tells the size that is due", () => {
	const decoder = new HpackDecoder(4_096);
	const encoder = new HpackEncoder(4_096);
	const lines = ["x-a: kept", "x-b: kept"];
	decode(decoder, encoder.encode(parse(lines)));
	const own = [":status: 403", `x-long: ${"v".repeat(300)}`];
	assert.deepEqual(decode(decoder, encodeApart(parse(own), decoder.dueTableOctets)), own);
	assert.deepEqual(decode(decoder, encoder.encode(parse(lines))), lines, "the entries are where they were");
	decoder.setMaxTableOctets(50);
	assert.equal(decoder.dueTableOctets, 50);
	assert.deepEqual(decode(decoder, encodeApart(parse(own), decoder.dueTableOctets)), own);
	assert.equal(decoder.dueTableOctets, -1);
});

test("an HPACK bomb ends at the size of a list, with the memory of a list", () => {
	const decoder = new HpackDecoder(65_536);
	const value = "x".repeat(4_000);
	const load = Buffer.concat([hex("4001617fa11e"), Buffer.from(value)]);
	assert.deepEqual(decode(decoder, load), [`a: ${value}`]);
	// Each octet stands for a field of 4,033 octets: 64 KiB of them would be 264 MB.
	const answer = decoder.decode(new Uint8Array(65_536).fill(0xbe));
	assert.equal(answer.kind, "too-large");
	const text = new HpackDecoder(1_000);
	assert.equal(text.decode(Buffer.concat([hex("4001617fe907"), Buffer.alloc(1_128, "x")])).kind, "too-large");
});

test("what may never be indexed stays so and enters no table", () => {
	const encoder = new HpackEncoder(4_096);
	const decoder = new HpackDecoder(4_096);
	const lines = ["!authorization: secret", "!cookie: a=b", "!x-token: t"];
	const first = encoder.encode(parse(lines));
	assert.deepEqual(decode(decoder, first), lines);
	assert.deepEqual(encoder.encode(parse(lines)), first, "coded in full again");
});

test("a second block of the same fields takes an octet a field", () => {
	const encoder = new HpackEncoder(4_096);
	const lines = ["user-agent: curl/8", "accept: */*", "x-custom: some value", "accept-encoding: gzip, deflate"];
	assert.ok(encoder.encode(parse(lines)).length > 20);
	assert.equal(encoder.encode(parse(lines)).length, lines.length);
});

test("the encoder follows the peer's table sizes and tells the smallest in between", () => {
	const encoder = new HpackEncoder(4_096);
	const decoder = new HpackDecoder(65_536);
	const lines = Array.from({ length: 60 }, (_, index) => `x-${index}: ${"v".repeat(index)}`);
	for (const sizes of [[], [0, 4_096], [100], [65_536], [2_000, 300, 1_000], [0]]) {
		for (const size of sizes) {
			encoder.setPeerTableOctets(size);
			decoder.setMaxTableOctets(Math.max(size, 0));
		}
		assert.deepEqual(decode(decoder, encoder.encode(parse(lines))), lines);
		assert.deepEqual(decode(decoder, encoder.encode(parse(lines))), lines);
	}
});

const text = fc
	.array(fc.constantFrom(..."abcxyz019 -_;=\xe9\0\n<"), { maxLength: 30 })
	.map((letters) => letters.join(""));
const lists = fc.array(
	fc.record({
		name: fc.oneof(fc.constantFrom(":path", ":method", "cookie", "date", "x-a", "x-b", "a\0b"), text),
		value: fc.oneof(fc.constantFrom("GET", "/", "", "b\0c"), text),
		isNeverIndexed: fc.boolean(),
	}),
	{ maxLength: 20 },
);

test("any fields come back, block after block, whatever the table sizes", () => {
	const block = fc.record({ fields: lists, size: fc.option(fc.nat(5_000), { nil: undefined }) });
	fc.assert(
		fc.property(fc.array(block, { maxLength: 12 }), (blocks) => {
			const encoder = new HpackEncoder(3_000);
			const decoder = new HpackDecoder(65_536);
			for (const { fields, size } of blocks) {
				if (size !== undefined) {
					encoder.setPeerTableOctets(size);
					decoder.setMaxTableOctets(size);
				}
				const answer = decoder.decode(encoder.encode(fields));
				assert.deepEqual(answer, { kind: "done", fields: fields.map((field) => ({ ...field })) });
			}
		}),
		{ numRuns: 300 },
	);
});

test("random and mutated blocks never throw", () => {
	const valid = hex([...codedRequests, ...plainResponses].join(""));
	const mutated = fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 6 }).map((changes) => {
		const octets = Uint8Array.from(valid);
		for (const [at, octet] of changes) octets[at] = octet;
		return octets;
	});
	fc.assert(
		fc.property(fc.array(fc.oneof(fc.uint8Array({ maxLength: 100 }), mutated), { maxLength: 4 }), (blocks) => {
			const decoder = new HpackDecoder(2_000);
			for (const block of blocks) {
				const answer = decoder.decode(block);
				if (answer.kind !== "done") return;
				const size = answer.fields.reduce((sum, { name, value }) => sum + name.length + value.length + 32, 0);
				assert.ok(size <= 2_000);
			}
		}),
		{ numRuns: 2_000 },
	);
});
