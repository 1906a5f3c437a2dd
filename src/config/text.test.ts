import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { enumeration, integer, name, text } from "#config/leaf-types.ts";
import { topLevel } from "#config/level.ts";
import { mergeSchemas } from "#config/merge-schemas.ts";
import { interfaceAddress, interfaceName, prefix } from "#config/network-types.ts";
import { printText } from "#config/print-text.ts";
import { container, flag, leaf, leafList, list } from "#config/schema.ts";
import { applyLines } from "#config/set-lines.ts";
import { formatTextError, maxDepth, maxTextErrors, parseText } from "#config/text.ts";
import { equalSlots, maxListValues } from "#config/tree.ts";
import { arbitraryConfig } from "../../test/support/config-arbitraries.ts";
import { sampleRoot } from "../../test/support/config-sample.ts";

const root = mergeSchemas([
	container({
		help: "",
		children: {
			system: container({
				help: "",
				children: {
					"host-name": leaf(name(), { help: "" }),
					message: leaf(text(), { help: "" }),
					ports: leafList(integer({ min: 1, max: 9 }), { help: "" }),
					"respond-bad-spi": leaf(integer({ min: 1, max: 30 }), { help: "", bare: 5 }),
				},
			}),
			interfaces: container({
				help: "",
				children: {
					interface: list({
						help: "",
						unnamed: true,
						keys: { name: interfaceName() },
						children: {
							disable: flag({ help: "" }),
							unit: list({
								help: "",
								keys: { name: integer({ min: 0, max: 99 }) },
								children: {
									family: container({
										help: "",
										layout: "prefix",
										children: {
											inet: container({
												help: "",
												presence: true,
												children: { address: list({ help: "", keys: { name: interfaceAddress("inet") } }) },
											}),
											inet6: container({ help: "", presence: true, children: {} }),
										},
									}),
								},
							}),
						},
					}),
					traceoptions: container({
						help: "",
						children: {
							file: container({
								help: "",
								layout: "line",
								children: {
									filename: leaf(name(), { help: "", unnamed: true }),
									files: leaf(integer({ min: 2, max: 9 }), { help: "" }),
								},
							}),
							flag: list({ help: "", keys: { name: enumeration({ all: "", ike: "" }) } }),
						},
					}),
				},
			}),
			pairs: container({
				help: "",
				children: {
					"from-zone": list({
						help: "",
						order: "user",
						keys: { "from-zone-name": name(), "to-zone-name": { type: name(), keyword: "to-zone" } },
						children: { note: leaf(text(), { help: "" }) },
					}),
					routes: list({ help: "", unnamed: true, order: "user", keys: { prefix: prefix() } }),
				},
			}),
		},
	}),
]);

function readAndPrint(source: string): string {
	const { tree, errors } = parseText(root, source);
	assert.deepEqual(errors, []);
	return printText(root, tree);
}

test("statements are printed in the order of the schema, lists sorted with numbers as numbers or as entered", () => {
	const source = `interfaces {
		traceoptions { flag ike; flag all; file trace files 3; }
		ge-0/0/10 unit 0 family inet address 10.0.0.1/24;
		ge-0/0/2 { disable; unit 1 { family { inet6; inet { address 10.0.1.1/24; address 10.0.0.9/24; } } } }
	}
	pairs { from-zone trust to-zone untrust; from-zone dmz to-zone trust { note "a b"; } 10.0.0.0/8; 9.0.0.0/8; }`;
	const printed = `interfaces {
    ge-0/0/2 {
        disable;
        unit 1 {
            family inet {
                address 10.0.0.9/24;
                address 10.0.1.1/24;
            }
            family inet6;
        }
    }
    ge-0/0/10 {
        unit 0 {
            family inet {
                address 10.0.0.1/24;
            }
        }
    }
    traceoptions {
        file trace files 3;
        flag all;
        flag ike;
    }
}
pairs {
    from-zone trust to-zone untrust;
    from-zone dmz to-zone trust {
        note "a b";
    }
    10.0.0.0/8;
    9.0.0.0/8;
}
`;
	assert.equal(readAndPrint(source), printed);
	assert.equal(readAndPrint(printed), printed);
});

test("comments stay with the statement before which, or on whose line, they stand", () => {
	const source = `# first
/* second */
system { # on the line
    host-name gw; /* after */
    ## SECRET-DATA and other remarks of the system are dropped
    ports 1;
    # last of the block
}
`;
	assert.equal(
		readAndPrint(source),
		`/* first
 * second
 * on the line */
system {
    /* after */
    host-name gw;
    /* last of the block */
    ports 1;
}
`,
	);
});

test("inactive and protect are kept, on statements, one-liners and containers of layout prefix", () => {
	const source = `inactive: system {
    protect: host-name gw;
    protect: inactive: ports [ 1 2 ];
}
interfaces {
    lo0 {
        unit 0 {
            inactive: family inet {
                address 10.0.0.1/32;
            }
        }
    }
}
`;
	assert.equal(readAndPrint(source), source);
});

test("quotes: words that need none lose them, and backslashes survive", () => {
	assert.equal(
		readAndPrint('system { host-name "gw"; message "a \\"b\\" \\.c \\\\"; }'),
		'system {\n    host-name gw;\n    message "a \\"b\\" \\.c \\\\";\n}\n',
	);
	assert.equal(readAndPrint('system { message ""; }'), 'system {\n    message "";\n}\n');
	assert.equal(readAndPrint('system { message "user@host"; }'), 'system {\n    message "user@host";\n}\n');
});

test("an unnamed key that reads like a statement is told apart by quotes", () => {
	const source =
		'interfaces {\n    "traceoptions" {\n        disable;\n    }\n    traceoptions {\n        flag all;\n    }\n}\n';
	assert.equal(readAndPrint(source), source);
});

test("a leaf may stand without its value where the schema allows it", () => {
	assert.equal(readAndPrint("system { respond-bad-spi; }"), "system {\n    respond-bad-spi;\n}\n");
	assert.equal(readAndPrint("system { respond-bad-spi 7; }"), "system {\n    respond-bad-spi 7;\n}\n");
});

test("several entries of a list may be named in brackets", () => {
	assert.equal(
		readAndPrint("interfaces { traceoptions { flag [ all ike ]; } }"),
		"interfaces {\n    traceoptions {\n        flag all;\n        flag ike;\n    }\n}\n",
	);
});

test("errors name line, column, path and what was expected, and what follows is still read", () => {
	const source = `system {
    host-nam gw;
    ports 12;
    message;
    host-name gw
}
interfaces { ge-0/0/0 { unit 0 { family inet { address 10.0.0.300/24; } } } }
pairs { from-zone a to b; }
system { ports 4; }
`;
	const { tree, errors } = parseText(root, source);
	assert.deepEqual(
		errors.map((error) => formatTextError("terminal", error)),
		[
			"terminal:2:(5) syntax error: host-nam\n  [edit system]\n    did you mean 'host-name'?",
			"terminal:3:(11) Value 12 is not within range (1..9)\n  [edit system]\n    expected <number>",
			"terminal:4:(12) missing argument.\n  [edit system]\n    expected <text>",
			"terminal:6:(1) syntax error: }\n  [edit system]\n    expected ';'",
			"terminal:7:(56) invalid value '300' in ip address: '10.0.0.300/24'\n  [edit interfaces ge-0/0/0 unit 0 family inet]\n    expected <address/length>",
			"terminal:8:(21) syntax error: to\n  [edit pairs]\n    expected to-zone",
		],
	);
	assert.equal(
		printText(root, tree),
		"system {\n    ports 4;\n}\ninterfaces {\n    ge-0/0/0 {\n        unit 0 {\n            family inet;\n        }\n    }\n}\n",
	);
});

test("replace: and delete: are reported with the path of the statement", () => {
	const { tags, errors } = parseText(
		root,
		"system { replace: ports 3; delete: message; } replace: interfaces { lo0; }",
	);
	assert.deepEqual(errors, []);
	assert.deepEqual(
		tags.map(({ tag, path, leaf }) => [tag, path.map((step) => step.name).join(" "), leaf]),
		[
			["replace", "system", "ports"],
			["delete", "system", "message"],
			["replace", "interfaces", undefined],
		],
	);
});

test("a text that is too long is refused before it is read", () => {
	const { errors } = parseText(root, "x".repeat(1_001), { maxLength: 1_000 });
	assert.deepEqual(errors[0]?.message, "configuration text of 1001 characters; at most 1000 are accepted");
});

test("a thousand levels of braces are refused with one error", () => {
	const deep = mergeSchemas([container({ help: "", children: { a: nested(maxDepth + 2) } })]);
	const { errors } = parseText(deep, "a { ".repeat(1_000));
	assert.deepEqual(
		errors.map((error) => error.message),
		[`more than ${maxDepth} levels of braces`],
	);
	const unknown = parseText(root, "x { ".repeat(1_000) + "} ".repeat(1_000));
	assert.equal(unknown.errors.length, 1);
});

test("a name of 64 KB is refused and not repeated in the message", () => {
	const { errors } = parseText(root, `system { host-name ${"n".repeat(65_536)}; ports 1; }`);
	assert.deepEqual(
		errors.map((error) => error.message),
		["a word of 65536 characters; at most 16384 are accepted"],
	);
	const quoted = parseText(root, `system { message "${"n".repeat(2_000)}"; }`);
	assert.deepEqual(quoted.errors[0]?.message, "Length 2000 is not within range (0..1024)");
});

test("reading stops after a bounded number of errors", () => {
	const { errors } = parseText(root, "bogus; ".repeat(100_000));
	assert.equal(errors.length, maxTextErrors);
});

test("any text is answered: random characters, and valid text with pieces changed, never throw", () => {
	const pieces = fc.constantFrom(
		"system",
		"interfaces",
		"ge-0/0/0",
		"unit",
		"0",
		"{",
		"}",
		";",
		"[",
		"]",
		'"',
		"/*",
		"*/",
		"#",
		"inactive:",
		"ports",
		"from-zone",
		"a",
		"to-zone",
		"\n",
		"groups",
		"<*>",
		"apply-groups",
		"\\",
		"delete:",
	);
	fc.assert(
		fc.property(
			fc.oneof(
				fc.string({ unit: "binary" }),
				fc.array(pieces, { maxLength: 60 }).map((words) => words.join(" ")),
			),
			(source) => {
				const { tree } = parseText(root, source);
				const printed = printText(root, tree);
				const again = parseText(root, printed);
				assert.deepEqual(again.errors, []);
				assert.equal(printText(root, again.tree), printed);
			},
		),
		{ numRuns: 2_000 },
	);
});

function nested(levels: number): ReturnType<typeof flag> | ReturnType<typeof container> {
	return levels === 0 ? flag({ help: "" }) : container({ help: "", children: { a: nested(levels - 1) } });
}

test("any tree of any schema comes back exactly from its text", () => {
	fc.assert(
		fc.property(arbitraryConfig, ({ schema, tree }) => {
			const printed = printText(schema, tree);
			const { tree: again, errors } = parseText(schema, printed);
			assert.deepEqual(errors, [], printed);
			assert.ok(equalSlots(again, tree), printed);
		}),
		{ numRuns: 200 },
	);
});

test("the values of one list are bounded, in one statement and over several", () => {
	const values = (from: number, count: number): string =>
		Array.from({ length: count }, (_, index) => `p${from + index}`).join(" ");
	const tooMany = `security { ike { policy p { proposals [ ${values(0, maxListValues + 1)} ]; mode main; } } }`;
	assert.deepEqual(
		parseText(sampleRoot, tooMany).errors.map(({ line, message }) => `${line} ${message}`),
		[`1 more than ${maxListValues} values in one list`],
	);
	const half = maxListValues / 2;
	const statements = [0, half, 2 * half].map((from) => `proposals [ ${values(from, half)} ];`);
	const { tree, errors } = parseText(sampleRoot, `security { ike { policy p {\n${statements.join("\n")}\n} } }`);
	assert.deepEqual(
		errors.map(({ line, message }) => `${line} ${message}`),
		[`4 more than ${maxListValues} values in 'proposals'`],
	);
	const again = applyLines(tree, topLevel(sampleRoot), "set security ike policy p proposals one-more", {
		salt: (count) => new Uint8Array(count),
	});
	assert.equal(again.errors[0]?.message, `more than ${maxListValues} values in 'proposals'`);
	assert.equal(again.tree, tree);
});
