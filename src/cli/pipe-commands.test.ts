import assert from "node:assert/strict";
import { test } from "node:test";
import { listCommands } from "#cli/grammar.ts";
import { pipeCommands } from "#cli/pipe-commands.ts";

test("every pipe of Junos is there, with help", () => {
	const wanted = "append compare count display except find hold last match no-more refresh resolve save tee trim";
	assert.deepEqual(Object.keys(pipeCommands.children ?? {}).sort(), wanted.split(" "));
	for (const { syntax, help } of listCommands(pipeCommands)) assert.notEqual(help, "", syntax);
	const forms = Object.keys(pipeCommands.children?.display?.children ?? {}).sort();
	assert.deepEqual(forms, ["changed", "detail", "inheritance", "json", "omit", "set", "xml"]);
});
