import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";
import { NativeDecoder } from "#inspect/native-decoder.ts";

const values = { flush: zlib.constants.Z_SYNC_FLUSH, finish: zlib.constants.Z_FINISH };
const output = new Uint8Array(100);

function open(): NativeDecoder {
	return new NativeDecoder(values, zlib.createInflateRaw({ chunkSize: 64 }));
}

test("octets in, octets out, and what is left of both", () => {
	const decoder = open();
	const coded = zlib.deflateRawSync("abc");
	decoder.write(false, coded, 0, coded.length, output);
	assert.deepEqual([decoder.error, decoder.inputLeft, decoder.outputLeft], [undefined, 0, 97]);
	assert.equal(Buffer.from(output.subarray(0, 3)).toString(), "abc");
	decoder.close();
});

test("an error is kept until the decoder is reset, and then it begins anew", () => {
	const decoder = open();
	decoder.write(false, Uint8Array.of(0xff, 0xff), 0, 2, output);
	assert.match(decoder.error ?? "", /invalid/);
	decoder.reset();
	const coded = zlib.deflateRawSync("abc");
	decoder.write(false, coded, 0, coded.length, output);
	assert.deepEqual([decoder.error, decoder.outputLeft], [undefined, 97]);
	decoder.close();
});

test("asked whether it is whole, a part is not", () => {
	const decoder = open();
	const coded = zlib.deflateRawSync("abc".repeat(10));
	decoder.write(true, coded, 0, 2, output);
	assert.equal(decoder.error, "it ends early");
	decoder.close();
});
