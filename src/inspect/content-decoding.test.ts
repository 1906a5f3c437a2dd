import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";
import fc from "fast-check";
import { ContentDecoder, maxCodings, openContentDecoder } from "#inspect/content-decoding.ts";

const encoders: Readonly<Record<string, (octets: Uint8Array) => Uint8Array>> = {
	gzip: (octets) => zlib.gzipSync(octets),
	"x-gzip": (octets) => zlib.gzipSync(octets, { level: 1 }),
	deflate: (octets) => zlib.deflateSync(octets),
	"deflate (raw)": (octets) => zlib.deflateRawSync(octets),
	br: (octets) => zlib.brotliCompressSync(octets, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } }),
	zstd: (octets) => zlib.zstdCompressSync(octets),
};
const limits = { maxDecodedOctets: 1_048_576 };
const sample = lines(3_000);

function lines(count: number): Buffer {
	return Buffer.from(Array.from({ length: count }, (_, index) => `line ${index * 7919} of text\n`).join(""));
}

function open(contentEncoding: string, maxDecodedOctets = limits.maxDecodedOctets): ContentDecoder {
	const decoder = openContentDecoder(contentEncoding.replace(" (raw)", ""), { maxDecodedOctets });
	assert.ok(decoder instanceof ContentDecoder);
	return decoder;
}

/** What the decoder makes of the pieces; the decoder is closed. */
function decode(decoder: ContentDecoder, chunks: readonly Uint8Array[]): { octets: Buffer; fault: string | undefined } {
	const parts: Buffer[] = [];
	const drain = () => {
		let count = decoder.read();
		for (; count > 0; count = decoder.read()) parts.push(Buffer.from(decoder.output.subarray(0, count)));
		return count;
	};
	for (const chunk of chunks) {
		// The range lies inside a larger buffer, so that a read beside it shows.
		const padded = Buffer.concat([Buffer.from("<<<"), chunk, Buffer.from(">>>")]);
		decoder.write(padded, 3, 3 + chunk.length);
		drain();
	}
	decoder.finish();
	drain();
	const message = decoder.fault === undefined ? undefined : `${decoder.fault.code} ${decoder.fault.message}`;
	decoder.close();
	return { octets: Buffer.concat(parts), fault: message };
}

function cut(octets: Uint8Array, size: number): Uint8Array[] {
	const chunks: Uint8Array[] = [];
	for (let at = 0; at < octets.length; at += size) chunks.push(octets.subarray(at, at + size));
	return chunks;
}

for (const [name, encode] of Object.entries(encoders)) {
	const coded = encode(sample);

	test(`${name}: decoded whole, by octets and in pieces`, () => {
		for (const size of [1, 2, 1_000, coded.length]) {
			const { octets, fault } = decode(open(name), cut(coded, size));
			assert.equal(fault, undefined);
			assert.ok(octets.equals(sample), `pieces of ${size}`);
		}
	});

	test(`${name}: what has arrived is decoded before the rest arrives`, () => {
		const long = encode(lines(30_000));
		const decoder = open(name);
		decoder.write(long, 0, Math.floor(long.length * 0.8));
		let sum = 0;
		for (let count = decoder.read(); count > 0; count = decoder.read()) sum += count;
		decoder.close();
		assert.ok(sum >= 6 * sample.length, `${sum} octets`);
	});

	test(`${name}: a cut body is a fault at its end`, () => {
		for (const left of [1, 2, coded.length >> 1, coded.length - 1]) {
			assert.match(
				decode(open(name), cut(coded.subarray(0, left), 100)).fault ?? "",
				/^CONTENT_ENCODING_MALFORMED .*ends early/,
			);
		}
	});

	test(`${name}: octets behind the end are a fault, and the body was decoded`, () => {
		const { octets, fault } = decode(open(name), [coded, Buffer.from("and more")]);
		assert.match(fault ?? "", /^CONTENT_ENCODING_MALFORMED .*(octets follow its end|incorrect header)/);
		assert.ok(octets.equals(sample));
	});

	test(`${name}: a body of exactly the cap is whole; one octet more is a fault behind the cap`, () => {
		const exact = decode(open(name, sample.length), cut(coded, 500));
		assert.equal(exact.fault, undefined);
		assert.ok(exact.octets.equals(sample));
		const over = decode(open(name, sample.length - 1), cut(coded, 500));
		assert.match(over.fault ?? "", /^CONTENT_TOO_LARGE_DECODED .*grows beyond/);
		assert.ok(over.octets.equals(sample.subarray(0, -1)), "what fits is inspected");
	});

	test(`${name}: changed octets never throw and never exceed the cap`, () => {
		const change = fc.record({ at: fc.nat(coded.length - 1), octet: fc.nat(255) });
		fc.assert(
			fc.property(
				fc.array(change, { minLength: 1, maxLength: 5 }),
				fc.integer({ min: 1, max: 4_000 }),
				(changes, size) => {
					const changed = Uint8Array.from(coded);
					for (const { at, octet } of changes) changed[at] = octet;
					const { octets } = decode(open(name, 200_000), cut(changed, size));
					assert.ok(octets.length <= 200_000);
				},
			),
			{ numRuns: 100 },
		);
	});

	test(`${name}: random octets never throw`, () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 1, max: 400 }), (octets, size) => {
				const decoder = open(name);
				const { fault } = decode(decoder, cut(octets, size));
				assert.ok(fault === undefined || fault.startsWith("CONTENT_ENCODING_MALFORMED"));
				assert.equal(decoder.read(), -1, "closed for good");
			}),
			{ numRuns: 300 },
		);
	});

	test(`${name}: an empty body is whole`, () => {
		assert.deepEqual(decode(open(name), []), { octets: Buffer.alloc(0), fault: undefined });
		assert.deepEqual(decode(open(name), [encode(new Uint8Array(0))]), { octets: Buffer.alloc(0), fault: undefined });
	});
}

test("a fault stays", () => {
	const decoder = open("gzip");
	decoder.write(Buffer.from("not gzip at all"), 0, 15);
	assert.equal(decoder.read(), -1);
	assert.match(decoder.fault?.message ?? "", /coded as gzip cannot be decoded; incorrect header check/);
	const { fault } = decoder;
	const coded = zlib.gzipSync(sample);
	decoder.write(coded, 0, coded.length);
	assert.equal(decoder.read(), -1);
	decoder.close();
	assert.equal(decoder.fault, fault);
});

test("stacked codings are undone from the last to the first", () => {
	const names = ["gzip", "br", "deflate", "zstd"];
	for (const first of names) {
		for (const second of names) {
			for (const third of names) {
				const coded = [first, second, third].reduce<Uint8Array>(
					(octets, name) => (encoders[name] ?? assert.fail())(octets),
					sample,
				);
				for (const size of [1, 700, coded.length]) {
					const { octets, fault } = decode(open(`${first}, ${second},${third}`), cut(coded, size));
					assert.equal(fault, undefined);
					assert.ok(octets.equals(sample));
				}
				assert.match(
					decode(open(`${first}, ${second},${third}`), [coded.subarray(0, -1)]).fault ?? "",
					/^CONTENT_ENCODING_MALFORMED/,
				);
			}
		}
	}
});

test("gzip members one behind the other are one body", () => {
	const coded = Buffer.concat([zlib.gzipSync("one "), zlib.gzipSync("two")]);
	for (const size of [1, 7, coded.length]) {
		assert.deepEqual(decode(open("gzip"), cut(coded, size)), { octets: Buffer.from("one two"), fault: undefined });
	}
});

test("a zstd frame that wants a window above 8 MiB is a fault", () => {
	// Magic, a frame header without content size, the window descriptor, one raw block that is the last (RFC 8878 §3.1.1).
	const frame = (windowLog: number) =>
		Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, (windowLog - 10) << 3, (2 << 3) | 1, 0, 0, 0x68, 0x69]);
	assert.deepEqual(decode(open("zstd"), [frame(23)]), { octets: Buffer.from("hi"), fault: undefined });
	assert.match(decode(open("zstd"), [frame(24)]).fault ?? "", /^CONTENT_ENCODING_MALFORMED .*memory/);
});

test("identity and unknown codings are told before anything is decoded", () => {
	for (const value of [undefined, "", "identity", " , identity"])
		assert.equal(openContentDecoder(value, limits), "identity");
	for (const value of [
		"compress",
		"gzip, aws-chunked",
		"dcb",
		Array(maxCodings + 1)
			.fill("gzip")
			.join(","),
	]) {
		assert.equal(openContentDecoder(value, limits), "unknown");
	}
	for (const value of ["GZIP", " Br ", "gzip, identity"]) open(value).close();
});

test("a body that reads like zlib and is raw deflate is decoded as raw only when its first octets say so", () => {
	const zlibCoded = zlib.deflateSync("hello");
	assert.deepEqual(decode(open("deflate"), cut(zlibCoded, 1)), { octets: Buffer.from("hello"), fault: undefined });
	const rawCoded = zlib.deflateRawSync("hello");
	assert.deepEqual(decode(open("deflate"), cut(rawCoded, 1)), { octets: Buffer.from("hello"), fault: undefined });
});

/** A small file that decodes to `octets` zeros, made in pieces so that the test needs little memory. */
function zeros(name: string, octets: number): Buffer {
	if (name === "gzip") {
		// One member of 64 MiB, repeated: the decoder sees one body.
		const member = zlib.gzipSync(Buffer.alloc(64 * 1_048_576));
		return Buffer.concat(Array<Buffer>(octets / (64 * 1_048_576)).fill(member));
	}
	if (name === "zstd") {
		const frame = zlib.zstdCompressSync(Buffer.alloc(64 * 1_048_576));
		return Buffer.concat(Array<Buffer>(octets / (64 * 1_048_576)).fill(frame));
	}
	return zlib.brotliCompressSync(Buffer.alloc(octets), {
		params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1, [zlib.constants.BROTLI_PARAM_LGWIN]: 24 },
	});
}

for (const name of ["gzip", "br", "zstd"]) {
	test(`${name}: a bomb of ${name === "br" ? "256 MiB" : "1 GiB"} stops at the cap with bounded memory`, () => {
		const bomb = zeros(name, (name === "br" ? 256 : 1_024) * 1_048_576);
		assert.ok(bomb.length < 2_000_000, `${bomb.length} octets coded`);
		const cap = 8 * 1_048_576;
		const decoder = open(name, cap);
		globalThis.gc?.();
		const before = process.memoryUsage.rss();
		decoder.write(bomb, 0, bomb.length);
		let sum = 0;
		let count = decoder.read();
		for (; count > 0; count = decoder.read()) sum += count;
		const grown = process.memoryUsage.rss() - before;
		assert.equal(count, -1);
		assert.equal(sum, cap);
		assert.equal(decoder.decodedOctets, cap);
		assert.equal(decoder.fault?.code, "CONTENT_TOO_LARGE_DECODED");
		assert.ok(grown < 48 * 1_048_576, `grown by ${grown} octets`);
		decoder.close();
	});
}

test("a bomb inside a bomb stops at the cap of the inner coding", () => {
	const inner = zlib.gzipSync(Buffer.alloc(64 * 1_048_576));
	const bomb = zlib.gzipSync(Buffer.concat(Array<Buffer>(64).fill(inner)));
	const { octets, fault } = decode(open("gzip, gzip", 1_048_576), [bomb]);
	assert.match(fault ?? "", /^CONTENT_TOO_LARGE_DECODED/);
	assert.equal(octets.length, 1_048_576);
});
