import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { forScreen, Output, type OutputEffect, type Screen, terminalText } from "#cli/output.ts";
import { splitLine } from "#cli/parse-line.ts";
import { type Pipe, parsePipes } from "#cli/pipes.ts";

const paged: Screen = { rows: 4, columns: 40, isPaged: true };

function pipes(line: string): readonly Pipe[] {
	const split = splitLine(`x ${line}`);
	assert.ok(split.ok);
	const parsed = parsePipes(split.parts.slice(1));
	assert.ok(parsed.ok);
	return parsed.pipes;
}

function written(effects: readonly OutputEffect[]): string {
	return effects.map((effect) => (effect.type === "write" ? effect.text : "")).join("");
}

function kinds(effects: readonly OutputEffect[]): string[] {
	return effects.map(({ type }) => type);
}

test("a script gets the text as it is, a screen gets it safe and in columns", () => {
	const script = new Output([], undefined);
	assert.equal(written(script.push("a\tb\x1b[31m\n")), "a\tb\x1b[31m\n");
	assert.deepEqual(kinds(script.end()), ["finished"]);
	const screen = new Output([], { ...paged, isPaged: false });
	assert.equal(written(screen.push("a\tb\x1b[31m\nc\n")), "a       b\\x1b[31m\r\nc\r\n");
	assert.equal(forScreen("x\ny"), "x\r\ny");
	assert.equal(terminalText("12345678\tz"), "12345678        z");
});

test("pipes come before the pager, no-more and refresh are without it", () => {
	const output = new Output(pipes("| match 1"), paged);
	const effects = output.push("1\n2\n11\n12\n13\n14\n");
	assert.match(written(effects), /^1\r\n11\r\n12\r\n---\(more\)---$/);
	assert.equal(output.isWaiting, true);
	for (const line of ["| no-more", "| refresh 5"]) {
		const free = new Output(pipes(line), paged);
		assert.equal(written(free.push("1\n2\n3\n4\n5\n")), "1\r\n2\r\n3\r\n4\r\n5\r\n");
	}
	const held = new Output(pipes("| hold"), { ...paged, isPaged: false });
	held.push("1\n");
	assert.match(written(held.end()), /---\(more 100%\)---/);
});

test("save writes the file and says so, tee shows the text too, append adds", () => {
	const saved = new Output(pipes("| save out.txt"), undefined);
	const first = saved.push("a\nb\n");
	assert.deepEqual(first, [{ type: "file", file: "out.txt", text: "a\nb\n", isFirst: true, isAppended: false }]);
	assert.deepEqual(saved.push("c\n"), [
		{ type: "file", file: "out.txt", text: "c\n", isFirst: false, isAppended: false },
	]);
	assert.equal(written(saved.end()), "Wrote 3 lines of output to 'out.txt'\n");
	const empty = new Output(pipes("| append log"), undefined);
	assert.deepEqual(empty.end()[0], { type: "file", file: "log", text: "", isFirst: true, isAppended: true });
	const copied = new Output(pipes("| tee all"), undefined);
	assert.deepEqual(kinds(copied.push("a\n")), ["file", "write"]);
	assert.deepEqual(kinds(copied.end()), ["finished"]);
});

test("resolve asks for the names of addresses once, and puts them in place", () => {
	const output = new Output(pipes("| match from | resolve | match host"), undefined);
	assert.deepEqual(output.push("from 192.0.2.1 to 2001:db8::1\nfrom 192.0.2.1x 1.2.3 12:34\nnone\n"), []);
	const [ask] = output.end();
	assert.deepEqual(ask, { type: "resolve", addresses: ["192.0.2.1", "2001:db8::1"] });
	const names = new Map([["192.0.2.1", "host.example"]]);
	assert.equal(written(output.names(names)), "from host.example to 2001:db8::1\n");
	const long = new Output(pipes("| resolve"), undefined);
	long.push("192.0.2.1\n");
	long.end();
	assert.equal(written(long.names(new Map([["192.0.2.1", "h".repeat(60)]]))), `${"h".repeat(39)}~\n`);
	const full = new Output(pipes("| resolve full-names"), undefined);
	full.push("192.0.2.1\n");
	full.end();
	assert.equal(written(full.names(new Map([["192.0.2.1", "h".repeat(60)]]))), `${"h".repeat(60)}\n`);
});

test("text beyond what resolve holds passes as it is", () => {
	const output = new Output(pipes("| resolve"), undefined);
	let passed = 0;
	for (let part = 0; part < 20; part++) passed += written(output.push("192.0.2.1 ".repeat(10_000))).length;
	assert.ok(passed > 1_000_000);
	assert.equal(output.end().at(-1)?.type, "resolve");
});

test("whoever stopped it, the end comes once", () => {
	const output = new Output([], paged);
	output.push("1\n2\n3\n4\n5\n6\n");
	assert.deepEqual(kinds(output.key({ kind: "text", text: "q" })), ["write", "finished"]);
	assert.deepEqual(output.push("7\n"), []);
	assert.deepEqual(output.end(), [{ type: "finished", isQuit: true }]);
	assert.deepEqual(output.end(), []);
	const stopped = new Output([], undefined);
	stopped.stop();
	assert.deepEqual(stopped.push("x\n"), []);
	assert.deepEqual(kinds(stopped.end()), ["finished"]);
});

test("the search for addresses takes linear time on any text", () => {
	const started = performance.now();
	const output = new Output(pipes("| resolve"), undefined);
	output.push("1:".repeat(250_000));
	output.push(`${"1.".repeat(200_000)}\n`);
	output.end();
	assert.ok(performance.now() - started < 2_000);
});

test("no text makes a screen move its cursor", () => {
	fc.assert(
		fc.property(fc.string({ unit: "binary", maxLength: 100 }), (text) => {
			// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
			assert.doesNotMatch(terminalText(text).replaceAll("\n", ""), /[\u0000-\u001f\u007f-\u009f]/);
		}),
	);
});
