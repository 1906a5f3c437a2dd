import assert from "node:assert/strict";
import { test } from "node:test";
import { assembleModule } from "#base/wasm-text.ts";

declare const WebAssembly: {
	readonly Module: new (octets: Uint8Array<ArrayBuffer>) => object;
	readonly Instance: new (
		module: object,
	) => { readonly exports: Record<string, (...values: number[]) => number> & { memory: { buffer: ArrayBuffer } } };
};

function run(functions: string) {
	return new WebAssembly.Instance(new WebAssembly.Module(assembleModule(`(module (memory 1 2) ${functions})`))).exports;
}

test("the octets are those of the specification's binary format", () => {
	const octets = assembleModule(
		'(module (memory 1 2) (func $f (export "f") (param $a i32) (result i32) (local.get $a)))',
	);
	assert.deepEqual(
		Buffer.from(octets).toString("hex"),
		[
			"0061736d01000000",
			"0106" + "01" + "60017f017f",
			"0302" + "01" + "00",
			"0504" + "01" + "010102",
			"070e" + "02" + "066d656d6f7279" + "0200" + "0166" + "0000",
			"0a06" + "01" + "04" + "00" + "2000" + "0b",
		].join(""),
	);
});

test("functions call each other, loop, branch and keep locals", () => {
	const { sum } = run(`
		(func $sum (export "sum") (param $to i32) (result i32)
			(local $total i32)
			;; Each number is made even.
			(block $out (loop $next
				(br_if $out (i32.eqz (local.get $to)))
				(local.set $total (i32.add (local.get $total) (call $even (local.get $to))))
				(local.set $to (i32.sub (local.get $to) (i32.const 1)))
				(br $next)))
			(local.get $total))
		(func $even (param $a i32) (result i32)
			(local $result i32)
			(if (i32.and (local.get $a) (i32.const 1))
				(then (local.set $result (i32.add (local.get $a) (i32.const 1))))
				(else (local.set $result (local.get $a))))
			(local.get $result))`);
	assert.equal(sum?.(5), 2 + 2 + 4 + 4 + 6);
});

test("constants of any size are written, with and without sign", () => {
	const values = [0, 63, 64, -64, -65, 127, 128, 8_191, 8_192, -8_193, 0x7fff_ffff, -0x8000_0000];
	for (const value of values)
		assert.equal(run(`(func $f (export "f") (result i32) (i32.const ${value}))`).f?.(), value);
	assert.equal(run('(func $f (export "f") (result i32) (i32.const 0x9e3779b1))').f?.(), 0x9e37_79b1 | 0);
});

test("memory is read at an offset, as words and as vectors", () => {
	const { memory, count } = run(`
		(func $count (export "count") (param $at i32) (result i32)
			(i8x16.bitmask (i8x16.eq (v128.load offset=300 (local.get $at)) (i8x16.splat (i32.const 7)))))`);
	new Uint8Array(memory?.buffer ?? assert.fail()).set([7, 0, 7, 7], 310);
	assert.equal(count?.(10), 0b1101);
});

test("what is not of the format is told", () => {
	const refused: readonly (readonly [string, RegExp])[] = [
		["(module (memory 1 2)", /expected a closing bracket/],
		["(module (memory 1 2)))", /expected an opening bracket/],
		["(thing)", /expected a module, got "thing"/],
		["(module)", /expected a memory/],
		["(module (memory 1 2) (func $f (i32.neg (i32.const 1))))", /expected an instruction, got "i32.neg"/],
		["(module (memory 1 2) (func $f (local.get $a)))", /expected a local, got "\$a"/],
		["(module (memory 1 2) (func $f (br $a)))", /expected a label, got "\$a"/],
		["(module (memory 1 2) (func $f (call $g)))", /expected a function, got "\$g"/],
		["(module (memory 1 2) (func $f (param $a i9)))", /expected a type, got "i9"/],
		["(module (memory 1 2) (func $f nop))", /expected a list, got "nop"/],
	];
	for (const [text, message] of refused) assert.throws(() => assembleModule(text), message);
});
