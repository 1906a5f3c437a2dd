import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatFinding } from "#config/finding.ts";
import { parseJson, readJson } from "#config/json.ts";
import { jsonOf, printJson } from "#config/print-json.ts";
import { printText } from "#config/print-text.ts";
import { formatTextError, maxTextErrors, maxTextLength, type TextError } from "#config/text.ts";
import { equalSlots, maxListValues } from "#config/tree.ts";
import { arbitraryConfig } from "../../test/support/config-arbitraries.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

test("JSON in the form of Junos is read: flags, marks, aliases, numbers and strings", () => {
	const { tree, errors } = parseJson(
		sampleRoot,
		`{ "configuration": { "@": { "comment": "/* all */" }, "system": { "host-name": "gw", "ports": [1, "2"], "@ports": { "inactive": true } },
		"security": { "ike": { "respond-bad-spi": [null], "gateway": [ { "name": "g", "whitelist": ["10.0.0.0/8"], "general-ikeid": [null] } ] } } } }`,
	);
	assert.deepEqual(errors, []);
	assert.equal(
		printText(sampleRoot, tree),
		"system {\n    host-name gw;\n    inactive: ports [ 1 2 ];\n}\nsecurity {\n    ike {\n        respond-bad-spi;\n        gateway g {\n            allowlist 10.0.0.0/8;\n            general-ikeid;\n        }\n    }\n}\n",
	);
});

test("errors name line, column and path, and the rest is read", () => {
	const { tree, errors } = parseJson(
		sampleRoot,
		`{ "system": { "host-nam": "gw",
  "ports": [0, 1], "location": {} },
"security": { "ike": { "gateway": [ {},
  { "name": "-" }, 5 ], "policy": [ { "name": "p", "mode": "x" } ] } },
"__proto__": { "x": 1 } }`,
	);
	assert.deepEqual(
		errors.map((error) => formatTextError("f", error)),
		[
			"f:1:(27) 'host-nam': syntax error; did you mean 'host-name'?\n  [edit system]",
			"f:2:(13) 'ports': Value 0 is not within range (1..65535)\n  [edit system]",
			"f:2:(32) 'location': expected a string or a number\n  [edit system]",
			"f:3:(37) 'gateway': missing key 'name'\n  [edit security ike]",
			"f:4:(13) 'gateway': invalid value: '-': Must be a string beginning with a number or letter and consisting of letters, numbers, dashes and underscores\n  [edit security ike]",
			"f:4:(20) 'gateway': expected an object\n  [edit security ike]",
			"f:4:(60) 'mode': invalid value 'x'; expected main | aggressive\n  [edit security ike policy p]",
			"f:5:(14) '__proto__': syntax error\n  [edit]",
		],
	);
	assert.equal(
		printText(sampleRoot, tree),
		"system {\n    ports 1;\n}\nsecurity {\n    ike {\n        policy p;\n    }\n}\n",
	);
	const wrapped = '{\n"configuration": {"system": {"ports": 1, "x": 2}}}';
	assert.equal(
		formatTextError("f", parseJson(sampleRoot, wrapped).errors[0] as TextError).split("\n")[0],
		"f:2:(47) 'x': syntax error",
	);
	assert.equal(
		parseJson(sampleRoot, '{\n  "system": {').errors[0]?.message,
		"syntax error: expected a name in quotes before the end of the text",
	);
	assert.match(parseJson(sampleRoot, "[1]").errors[0]?.message ?? "", /^expected an object/);
	assert.deepEqual(readJson(sampleRoot, { system: { x: 1 } }).errors.map(formatFinding), [
		"[edit system]\n  'x'\n    syntax error",
	]);
});

test("size, depth and number of errors are bounded", () => {
	assert.match(parseJson(sampleRoot, " ".repeat(maxTextLength + 1)).errors[0]?.message ?? "", /at most/);
	assert.equal(parseJson(sampleRoot, `${'{"system":'.repeat(100_000)}1${"}".repeat(100_000)}`).errors.length, 1);
	const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`x${index}`, 1]));
	assert.equal(readJson(sampleRoot, many).errors.length, maxTextErrors);
	const values = Array.from({ length: maxListValues + 1 }, (_, index) => `p${index}`);
	const policy = { name: "p", proposals: values };
	assert.match(
		readJson(sampleRoot, { security: { ike: { policy } } }).errors[0]?.message ?? "",
		/^65537 values; at most 65536/,
	);
});

test("secrets are encoded when read and hidden when asked", () => {
	const { tree } = parseJson(sampleRoot, '{ "system": { "root-authentication": { "secret": "hunter2" } } }');
	assert.match(printJson(sampleRoot, tree), /"\$9\$/);
	assert.match(printJson(sampleRoot, tree, { hidesSecrets: true }), /SECRET-DATA/);
});

test("integers are printed as numbers, flags as [null]", () => {
	assert.deepEqual(jsonOf(sampleRoot, treeOf("interfaces { ge-0/0/0 { disable; mtu 1500; } }")), {
		interfaces: { interface: [{ name: "ge-0/0/0", disable: [null], mtu: 1500 }] },
	});
});

test("any tree of any schema comes back exactly from its JSON", () => {
	fc.assert(
		fc.property(arbitraryConfig, ({ schema, tree }) => {
			const printed = printJson(schema, tree);
			const { tree: again, errors } = parseJson(schema, printed);
			assert.deepEqual(errors, [], printed);
			assert.ok(equalSlots(again, tree), printed);
		}),
		{ numRuns: 200 },
	);
});

test("any JSON value is answered", () => {
	fc.assert(
		fc.property(fc.jsonValue(), (value) => {
			readJson(sampleRoot, value);
			readJson(sampleRoot, { system: value, security: { ike: value, policies: { "from-zone": value } } });
		}),
	);
});
