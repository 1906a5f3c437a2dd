import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KeyDecoder } from "#cli/key-decoder.ts";
import { type EditorEffect, type EditorOptions, LineEditor, terminalLines } from "#cli/line-editor.ts";
import { Screen } from "../../test/support/screen.ts";

const options: EditorOptions = { history: "operational", completes: true, completesOnSpace: true };

/** An editor at a terminal: keys in, screen out. SPACE completes nothing; other completion is what the test says. */
class Desk {
	readonly editor: LineEditor;
	readonly screen: Screen;
	readonly effects: EditorEffect[] = [];
	readonly #keys = new KeyDecoder();
	#isAsked = false;

	/** SPACE asks the test. */
	asking(): this {
		this.#isAsked = true;
		return this;
	}

	constructor(columns = 40, prompt = "gw> ", set = options) {
		this.editor = new LineEditor(columns);
		this.screen = new Screen(columns);
		this.screen.write(this.editor.begin(prompt, set));
	}

	type(text: string): this {
		for (const key of this.#keys.decode(Buffer.from(text))) {
			for (const effect of this.editor.key(key)) {
				if (effect.type === "write") this.screen.write(effect.text);
				else if (effect.type === "complete" && effect.key === "space" && !this.#isAsked)
					this.complete(`${effect.line} `);
				else this.effects.push(effect);
			}
		}
		return this;
	}

	complete(line: string, shows = ""): this {
		this.screen.write(this.editor.completed({ line, shows }));
		return this;
	}

	get shown(): string {
		return this.screen.lines.filter((line) => line !== "").join("\n");
	}
}

test("emacs keys move, kill and bring back", () => {
	const desk = new Desk().type("abc def ghi");
	assert.equal(desk.type("\x01X").editor.line, "Xabc def ghi");
	assert.equal(desk.type("\x05Y").editor.line, "Xabc def ghiY");
	assert.equal(desk.type("\x17").editor.line, "Xabc def ");
	assert.equal(desk.type("\x19").editor.line, "Xabc def ghiY");
	assert.equal(desk.type("\x02\x02\x0b").editor.line, "Xabc def gh");
	assert.equal(desk.type("\x1bb\x1bbQ").editor.line, "Xabc Qdef gh");
	assert.equal(desk.type("\x1bfZ").editor.line, "Xabc QdefZ gh");
	assert.equal(desk.type("\x1bd").editor.line, "Xabc QdefZ");
	assert.equal(desk.type("\x06\x02\x04").editor.line, "Xabc Qdef");
	assert.equal(desk.type("\x14").editor.line, "Xabc Qdfe");
	assert.equal(desk.type("\x15").editor.line, "");
	assert.equal(desk.type("\x19").editor.line, "Xabc Qdfe");
	assert.equal(desk.shown, "gw> Xabc Qdfe");
});

test("the arrow keys and Home, End, Delete do what they say", () => {
	const desk = new Desk().type("abc\x1b[D\x1b[DX\x1b[HY\x1b[3~\x1b[FZ\x1b[C");
	assert.equal(desk.editor.line, "YXbcZ");
	assert.equal(desk.shown, "gw> YXbcZ");
});

test("Enter gives the line and remembers it, Ctrl-C drops it", () => {
	const desk = new Desk().type("show\x03");
	assert.deepEqual(desk.effects, [{ type: "interrupt" }]);
	desk.screen.write(desk.editor.begin("gw> ", options));
	desk.type("exit\r");
	assert.deepEqual(desk.effects[1], { type: "submit", line: "exit" });
	assert.equal(desk.shown, "gw> show^C\ngw> exit");
	assert.deepEqual(desk.editor.history("operational"), ["exit"]);
});

test("Ctrl-D deletes, and on an empty line it is the end of input", () => {
	const desk = new Desk().type("ab\x01\x04");
	assert.equal(desk.editor.line, "b");
	desk.type("\x04\x04");
	assert.deepEqual(desk.effects, [{ type: "end-of-input" }]);
});

test("up and down go through history; what was being typed comes back", () => {
	const desk = new Desk().type("one\r");
	desk.screen.write(desk.editor.begin("gw> ", options));
	desk.type("two\r");
	desk.screen.write(desk.editor.begin("gw> ", options));
	desk.type("two\r");
	desk.screen.write(desk.editor.begin("gw> ", options));
	assert.equal(desk.type("thr\x1b[A").editor.line, "two");
	assert.equal(desk.type("\x10").editor.line, "one");
	assert.equal(desk.type("\x10").editor.line, "one");
	assert.equal(desk.type("\x0e\x1b[B").editor.line, "thr");
	assert.equal(desk.type("\x1b<").editor.line, "one");
	assert.equal(desk.type("\x1b>").editor.line, "thr");
});

test("the histories of the two modes are apart", () => {
	const desk = new Desk().type("show\r");
	desk.screen.write(desk.editor.begin("gw# ", { ...options, history: "configuration" }));
	assert.equal(desk.type("\x1b[A").editor.line, "");
});

test("Ctrl-R searches history backwards", () => {
	const desk = new Desk();
	for (const line of ["show log", "show version", "ping"]) {
		desk.type(`${line}\r`);
		desk.screen.write(desk.editor.begin("gw> ", options));
	}
	desk.type("\x12show");
	assert.equal(desk.screen.lines.at(-1), "(history search 'show'): show version");
	desk.type("\x12");
	assert.equal(desk.screen.lines.at(-1), "(history search 'show'): show log");
	desk.type("\x05!");
	assert.equal(desk.screen.lines.at(-1), "gw> show log!");
	desk.type("\x12zzz");
	assert.ok(desk.screen.bells > 0);
	desk.type("\x07");
	assert.equal(desk.editor.line, "show log!");
});

test("? is not echoed and asks for help; the line stands again below it", () => {
	const desk = new Desk().type("show?");
	assert.deepEqual(desk.effects, [{ type: "complete", key: "help", line: "show", isRepeat: false }]);
	desk.complete("show", "Possible completions:\n  log\n");
	assert.equal(desk.shown, "gw> show\nPossible completions:\n  log\ngw> show");
	desk.type(" log");
	assert.equal(desk.editor.line, "show log");
});

test("SPACE completes a word, and is a blank behind a blank, at the start, in quotes, and when switched off", () => {
	const desk = new Desk().asking().type("sh ");
	assert.deepEqual(desk.effects, [{ type: "complete", key: "space", line: "sh", isRepeat: false }]);
	desk.complete("show ").type(" ");
	assert.equal(desk.editor.line, "show  ");
	assert.equal(desk.effects.length, 1);
	desk.type('"a b?\t');
	assert.equal(desk.editor.line, 'show  "a b?');
	assert.equal(desk.effects.length, 1);
	const off = new Desk(40, "gw> ", { ...options, completesOnSpace: false }).type("sh v");
	assert.equal(off.editor.line, "sh v");
	assert.equal(off.effects.length, 0);
	assert.equal(new Desk().type(" x").editor.line, " x");
});

test("TAB completes; a second one on the same line asks for the list", () => {
	const desk = new Desk().type("show l\t");
	desk.effects.length = 0;
	desk.complete("show l").type("\t");
	assert.deepEqual(desk.effects, [{ type: "complete", key: "tab", line: "show l", isRepeat: true }]);
	desk.complete("show l").type("o\t");
	assert.deepEqual(desk.effects[1], { type: "complete", key: "tab", line: "show lo", isRepeat: false });
});

test("completion in the middle keeps what follows the cursor", () => {
	const desk = new Desk().type("sh version\x01\x06\x06\t").complete("show");
	assert.equal(desk.editor.line, "show version");
	desk.type("X");
	assert.equal(desk.editor.line, "showX version");
});

test("a question has no history and no completion; a hidden one shows nothing", () => {
	const desk = new Desk(40, "Sure? ", { history: undefined, completes: false, completesOnSpace: false }).type(
		"y?\t x\r",
	);
	assert.deepEqual(desk.effects, [{ type: "submit", line: "y? x" }]);
	const hidden = new LineEditor(40);
	const screen = new Screen(40);
	screen.write(
		hidden.begin("Password: ", { history: undefined, completes: false, completesOnSpace: false, isHidden: true }),
	);
	for (const effect of hidden.key({ kind: "text", text: "s" })) if (effect.type === "write") screen.write(effect.text);
	assert.deepEqual(screen.lines, ["Password:"]);
	assert.equal(hidden.line, "s");
});

test("text from elsewhere stands above the line", () => {
	const desk = new Desk().type("show");
	desk.screen.write(desk.editor.notice("Commit was not confirmed"));
	assert.equal(desk.shown, "Commit was not confirmed\ngw> show");
});

test("characters that would disturb the screen are not taken", () => {
	assert.equal(new Desk().type("a\u202eb\u200bc").editor.line, "abc");
});

test("a line of any length is refused beyond the limit, with a bell", () => {
	const desk = new Desk();
	desk.editor.key({ kind: "paste", text: "x".repeat(65_536) });
	assert.equal(desk.editor.line.length, 65_536);
	desk.type("y");
	assert.equal(desk.editor.line.length, 65_536);
	assert.equal(desk.screen.bells, 1);
});

test("whatever is typed, the screen shows the prompt and the line, and the cursor stands in its place", () => {
	const key = fc.constantFrom(
		..."abcd 字é",
		"\x01",
		"\x02",
		"\x05",
		"\x06",
		"\x0b",
		"\x14",
		"\x15",
		"\x17",
		"\x19",
		"\x7f",
		"\x04x",
		"\x1bb",
		"\x1bf",
		"\x1b[A",
		"\x1b[200~pasted words of some length\x1b[201~",
		"\x0c",
	);
	fc.assert(
		fc.property(
			fc.array(key, { maxLength: 60 }),
			fc.integer({ min: 10, max: 30 }),
			fc.nat(70),
			(keys, columns, wider) => {
				const desk = new Desk(columns, "gw> ", { history: "h", completes: false, completesOnSpace: false });
				for (const one of keys) desk.type(one);
				const expected = new Screen(columns);
				expected.write(`gw> ${desk.editor.line}`);
				const shown = withoutEmptyEnd(desk.screen.lines);
				const wanted = withoutEmptyEnd(expected.lines);
				assert.deepEqual(shown.slice(-wanted.length), wanted, JSON.stringify(keys));
				desk.type("\x05");
				const { column } = desk.screen.cursor;
				assert.equal(column, expected.cursor.column % columns);
				const { line } = desk.editor;
				desk.type("\x02".repeat(3)).type("!");
				assert.equal([...desk.editor.line].filter((letter) => letter === "!").length, [...line].includes("!") ? 2 : 1);
				const again = new Screen(columns);
				again.write(`gw> ${desk.editor.line}`);
				assert.deepEqual(
					withoutEmptyEnd(desk.screen.lines).slice(-withoutEmptyEnd(again.lines).length),
					withoutEmptyEnd(again.lines),
				);
				desk.screen.write(desk.editor.notice(`n${wider}`));
				assert.ok(desk.screen.lines.includes(`n${wider}`));
			},
		),
		{ numRuns: 300 },
	);
});

function withoutEmptyEnd(lines: readonly string[]): string[] {
	return lines.slice(0, lines.findLastIndex((line) => line !== "") + 1);
}

test("lines for a raw terminal begin in the first column", () => {
	assert.equal(terminalLines("a\nb"), "a\r\nb\r\n");
	assert.equal(terminalLines(""), "");
});
