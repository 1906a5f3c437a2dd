import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Key, KeyDecoder } from "#cli/key-decoder.ts";
import { Pager, type PagerEffect } from "#cli/pager.ts";
import { Screen } from "../../test/support/screen.ts";

/** A pager at a screen of 5 rows. */
class Desk {
	readonly pager: Pager;
	readonly screen: Screen;
	#finished: { readonly isQuit: boolean } | undefined;
	readonly #keys = new KeyDecoder();

	constructor(options: { rows?: number; columns?: number; isHeld?: boolean } = {}) {
		const { rows = 5, columns = 40, isHeld = false } = options;
		this.pager = new Pager({ rows, columns, isHeld });
		this.screen = new Screen(columns, rows);
	}

	ending(): { readonly isQuit: boolean } | undefined {
		return this.#finished;
	}

	show(text: string): this {
		return this.#do(this.pager.push(text));
	}

	end(): this {
		return this.#do(this.pager.end());
	}

	press(text: string): this {
		for (const key of this.#keys.decode(Buffer.from(text)) as Key[]) this.#do(this.pager.key(key));
		return this;
	}

	get shown(): string {
		return this.screen.shown.filter((line) => line !== "").join(" ");
	}

	#do(effects: readonly PagerEffect[]): this {
		for (const effect of effects) {
			if (effect.type === "write") this.screen.write(effect.text);
			else this.#finished = effect;
		}
		return this;
	}
}

function lines(from: number, to: number): string {
	return Array.from({ length: to - from + 1 }, (_, index) => `${from + index}\n`).join("");
}

test("text that fits is shown without a pause", () => {
	const desk = new Desk().show(lines(1, 4)).end();
	assert.equal(desk.shown, "1 2 3 4");
	assert.deepEqual(desk.ending(), { type: "finished", isQuit: false });
});

test("more text stops at a full screen; the share is told once the text is known", () => {
	const desk = new Desk().show(lines(1, 10));
	assert.equal(desk.shown, "1 2 3 4 ---(more)---");
	desk.end();
	assert.equal(desk.shown, "1 2 3 4 ---(more 40%)---");
	assert.equal(desk.ending(), undefined);
});

test("SPACE goes a screen on, Enter a line, and the end ends it", () => {
	const desk = new Desk().show(lines(1, 10)).end().press(" ");
	assert.equal(desk.shown, "5 6 7 8 ---(more 80%)---");
	desk.press("\r");
	assert.equal(desk.shown, "6 7 8 9 ---(more 90%)---");
	desk.press(" ");
	assert.equal(desk.shown, "7 8 9 10");
	assert.equal(desk.ending()?.isQuit, false);
});

test("b goes a screen back, g to the top, G to the end", () => {
	const desk = new Desk({ isHeld: true }).show(lines(1, 20)).end().press("  ");
	assert.equal(desk.shown, "9 10 11 12 ---(more 60%)---");
	assert.equal(desk.press("b").shown, "5 6 7 8 ---(more 40%)---");
	assert.equal(desk.press("k").shown, "4 5 6 7 ---(more 35%)---");
	assert.equal(desk.press("G").shown, "17 18 19 20 ---(more 100%)---");
	assert.equal(desk.press("g").shown, "1 2 3 4 ---(more 20%)---");
	assert.equal(desk.press("b").shown, "1 2 3 4 ---(more 20%)---");
	assert.equal(desk.press("d").shown, "3 4 5 6 ---(more 30%)---");
	assert.equal(desk.press("u").shown, "1 2 3 4 ---(more 20%)---");
	assert.equal(desk.ending(), undefined);
});

test("G waits for the end of text that still comes", () => {
	const desk = new Desk().show(lines(1, 20)).press("G").show(lines(21, 40));
	assert.ok(desk.ending() === undefined);
	desk.end();
	assert.equal(desk.shown, "37 38 39 40");
	assert.equal(desk.ending()?.isQuit, false);
});

test("/ looks for a pattern, n for the next", () => {
	const desk = new Desk().show(lines(1, 40)).end().press("/1[56]\r");
	assert.equal(desk.shown, "15 16 17 18 ---(more 45%)---");
	assert.equal(desk.press("/^2\x7f3").screen.shown.at(-1), "/^3");
	desk.press("\r");
	assert.match(desk.shown, /^30 31 32 33 ---\(more 82%\)---$/);
	desk.press("/zzz\r");
	assert.match(desk.shown, /Pattern not found ---\(more 82%\)---$/);
	desk.press("/3\x03");
	assert.match(desk.shown, /---\(more 82%\)---$/);
	const again = new Desk().show(lines(1, 60)).end().press("/5\r").press("n");
	assert.match(again.shown, /^15 16/);
});

test("a pattern that comes later is found when it comes; a wrong one is told", () => {
	const desk = new Desk().show(lines(1, 9)).press("/77\r").show(lines(10, 90));
	assert.equal(desk.shown, "77 78 79 80 ---(more)---");
	desk.press("/(\r");
	assert.match(desk.shown, /invalid regular expression/);
});

test("N shows the rest without a pause, q leaves, h helps", () => {
	const all = new Desk().show(lines(1, 10)).press("N").show(lines(11, 30)).end();
	assert.equal(all.screen.lines.filter((line) => line !== "").length, 30);
	assert.equal(all.ending()?.isQuit, false);
	const left = new Desk().show(lines(1, 10)).press("q").show(lines(11, 30)).end();
	assert.equal(left.ending()?.isQuit, true);
	assert.equal(left.shown, "1 2 3 4");
	const helped = new Desk({ columns: 60 }).show(lines(1, 10)).press("h");
	assert.match(helped.screen.lines.join("\n"), /b {2}screen before/);
	assert.equal(helped.press(" ").shown, "1 2 3 4 ---(more)---");
});

test("| hold stays at the end", () => {
	const desk = new Desk({ isHeld: true }).show(lines(1, 2)).end();
	assert.equal(desk.shown, "1 2 ---(more 100%)---");
	assert.ok(desk.ending() === undefined);
	desk.press(" ");
	assert.equal(desk.ending()?.isQuit, true);
});

test("long lines count for the rows they take, and one longer than the screen is shown", () => {
	const desk = new Desk({ columns: 10 }).show(`${"x".repeat(25)}\n2\n3\n`);
	assert.equal(desk.screen.shown.at(-1), "---(more)---".slice(10));
	assert.ok(!desk.screen.lines.includes("3"));
	const huge = new Desk({ columns: 10 })
		.show(`1\n${"x".repeat(95)}\nend\n`)
		.press(" ")
		.press("\r")
		.end();
	assert.ok(huge.screen.lines.includes("end"));
});

test("the source is asked to wait while much is unseen, and to go on", () => {
	const desk = new Desk().show(lines(1, 3_000));
	assert.equal(desk.pager.isFull, true);
	desk.press("G");
	assert.equal(desk.pager.isFull, false);
});

test("memory stays bounded whatever comes", () => {
	const desk = new Desk().press("").show("1\n2\n3\n4\n5\n").press("G");
	for (let part = 0; part < 300; part++) desk.show(`${"y".repeat(1_000)}\n`.repeat(200));
	desk.end();
	assert.ok(desk.ending() !== undefined);
});

test("whatever is pressed, the pager answers and every line is shown at most as text", () => {
	const key = fc.constantFrom(" ", "\r", "b", "g", "G", "d", "u", "k", "/", "1", "n", "h", "\x1b[A", "\x7f", "x");
	fc.assert(
		fc.property(fc.array(key, { maxLength: 40 }), fc.nat(50), fc.boolean(), (keys, count, isHeld) => {
			const desk = new Desk({ isHeld }).show(lines(1, count));
			for (const one of keys) desk.press(one);
			desk.end();
			for (const one of keys) desk.press(one);
			desk.press("\x03q");
			assert.ok(desk.ending() !== undefined || desk.pager.isWaiting);
		}),
	);
});
