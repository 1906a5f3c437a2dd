import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf, printedForm } from "../../test/support/config-text.ts";

const within = (file: string) => `services { ssl { traceoptions { file ${file}; } } }`;
const says = (file: string) =>
	findingsOf(within(file)).map((line) => line.replace(/^error services ssl traceoptions file:? ?/, ""));

test("a trace file is one line, in whatever order its parts were given", () => {
	assert.equal(
		printedForm(within("files 3 world-readable match tls size 1m ssl-trace")),
		`services {
    ssl {
        traceoptions {
            file ssl-trace size 1m files 3 match tls world-readable;
        }
    }
}
`,
	);
});

test("size and files belong together, and to a name", () => {
	assert.deepEqual(says("t size 1m files 3"), []);
	assert.deepEqual(says("t size 1m"), ["'size': needs 'files' beside it"]);
	assert.deepEqual(says("t files 3"), ["'files': needs 'size' beside it"]);
	assert.deepEqual(says("size 1m files 3"), ["the file has no name"]);
	assert.deepEqual(says("match x"), ["the file has no name"]);
});

test("the ranges are those of the manual: 10k to 1g, 2 to 1000 files", () => {
	for (const good of ["size 10k files 2", "size 1g files 1000"]) assert.deepEqual(says(`t ${good}`), []);
	for (const [bad, message] of [
		["size 10239 files 2", "Value 10239 is not within range (10240..1073741824)"],
		["size 1025m files 2", "Value 1025m is not within range (10240..1073741824)"],
		["size 10k files 1", "Value 1 is not within range (2..1000)"],
		["size 10k files 1001", "Value 1001 is not within range (2..1000)"],
	] as const) {
		assert.match(says(`t ${bad}`).join(), new RegExp(message.replace(/[().]/g, "\\$&")));
	}
});

test("a file name cannot lead out of the log directory", () => {
	for (const bad of ["../x", "a/b", "/etc/passwd"]) assert.equal(says(bad).length, 1);
});
