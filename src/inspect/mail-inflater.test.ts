import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { MailInflater } from "#inspect/mail-inflater.ts";

const flushed = (octets: Uint8Array) => deflateRawSync(octets, { finishFlush: constants.Z_SYNC_FLUSH });

test("any octets come back, in whatever pieces they were compressed and come", () => {
	fc.assert(
		fc.property(
			fc.array(fc.uint8Array({ maxLength: 40_000 }), { maxLength: 4 }),
			fc.integer({ min: 1, max: 5_000 }),
			(texts, size) => {
				const inflater = new MailInflater(1_000_000);
				const got: Uint8Array[] = [];
				const coded = Buffer.concat(texts.map(flushed));
				for (let at = 0; at < coded.length; at += size) {
					const isStopped = inflater.write(coded.subarray(at, at + size), (octets) => {
						got.push(octets.slice());
						return false;
					});
					assert.deepEqual([isStopped, inflater.fault], [false, undefined]);
				}
				assert.deepEqual(Buffer.concat(got), Buffer.concat(texts));
				inflater.close();
			},
		),
		{ numRuns: 30 },
	);
});

test("any octets at all are decoded or have a fault, and nothing is given out behind it", () => {
	fc.assert(
		fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 }), (chunks) => {
			const inflater = new MailInflater(100_000);
			let hasFailed = false;
			for (const chunk of chunks) {
				const isStopped = inflater.write(chunk, () => {
					assert.equal(hasFailed, false);
					return false;
				});
				assert.equal(isStopped, inflater.fault !== undefined);
				hasFailed = isStopped;
			}
			inflater.close();
		}),
	);
});

test("who takes may stop it", () => {
	const inflater = new MailInflater(1_000_000);
	let pieces = 0;
	assert.equal(
		inflater.write(flushed(new Uint8Array(100_000)), () => ++pieces === 2),
		true,
	);
	assert.deepEqual([pieces, inflater.fault], [2, undefined]);
	inflater.close();
	assert.equal(
		inflater.write(flushed(new Uint8Array(1)), () => false),
		true,
	);
});
