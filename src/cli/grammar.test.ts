import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type CommandNode, listCommands, type MayRun, parseCommand, placeInCommand } from "#cli/grammar.ts";
import { splitLine } from "#cli/parse-line.ts";
import { enumeration, integer, text } from "#config/leaf-types.ts";
import { address } from "#config/network-types.ts";

type Handler = "log" | "logs" | "ping" | "run" | "set" | "uptime" | "version";

const grammar: CommandNode<Handler> = {
	help: "",
	children: {
		show: {
			help: "Show",
			permission: "view",
			children: {
				log: {
					help: "Logs",
					permission: "trace",
					run: "logs",
					value: { name: "file", type: text({ min: 1, placeholder: "file" }), node: { help: "File", run: "log" } },
				},
				system: { help: "System", children: { uptime: { help: "Uptime", run: "uptime" } } },
				version: { help: "Version", run: "version", options: { detail: { help: "More" }, brief: { help: "Less" } } },
			},
		},
		set: {
			help: "Set",
			children: {
				mode: {
					help: "Mode",
					value: { name: "mode", type: enumeration({ on: "On", off: "Off" }), node: { help: "Mode", run: "set" } },
				},
			},
		},
		ping: {
			help: "Ping",
			permission: "network",
			value: {
				name: "host",
				type: address(),
				node: {
					help: "Host",
					run: "ping",
					options: {
						count: { help: "Count", type: integer({ min: 1, max: 10 }) },
						rapid: { help: "Fast" },
						wait: { help: "Wait", type: integer({ min: 1, max: 9 }), valueIsOptional: true },
						source: { help: "Source", type: address(), mandatory: true },
					},
				},
			},
		},
		run: { help: "Run", run: "run", rest: "operational", mustHaveRest: true },
		secret: { help: "Hidden", run: "version", hidden: true },
	},
};
const everything: MayRun = () => true;

function words(line: string) {
	const split = splitLine(line);
	assert.ok(split.ok);
	return split.parts[0].words;
}

function parse(line: string, mayRun = everything) {
	return parseCommand(grammar, words(line), mayRun, line.length);
}

function fails(line: string, mayRun = everything): string {
	const result = parse(line, mayRun);
	assert.ok(!result.ok, line);
	return `${result.at} ${result.message}`;
}

test("keywords may be shortened as long as they are unique", () => {
	const result = parse("sh sys up");
	assert.ok(result.ok);
	assert.equal(result.handler, "uptime");
	assert.deepEqual(result.words, ["show", "system", "uptime"]);
});

test("values are kept under their names; options stand in any order", () => {
	const result = parse("ping 10.0.0.1 source 10.0.0.2 rap count 3");
	assert.ok(result.ok);
	assert.deepEqual(result.values, { host: "10.0.0.1", source: "10.0.0.2", rapid: "", count: "3" });
	const optional = parse("ping 10.0.0.1 wait source 10.0.0.2");
	assert.ok(optional.ok && optional.values.wait === "" && optional.values.source === "10.0.0.2");
	const given = parse("ping 10.0.0.1 wait 5 source 10.0.0.2");
	assert.ok(given.ok && given.values.wait === "5");
});

test("a command ends where it may, with or without its value", () => {
	const all = parse("show log");
	assert.ok(all.ok && all.handler === "logs");
	const one = parse("show log messages");
	assert.ok(one.ok && one.handler === "log" && one.values.file === "messages");
});

test("what follows belongs to another grammar", () => {
	const result = parse("run show version");
	assert.ok(result.ok);
	assert.deepEqual(
		result.rest.map(({ text: word }) => word),
		["show", "version"],
	);
	assert.equal(fails("run"), "3 missing argument.");
});

test("R260: mistakes are told with their place in the words of Junos", () => {
	assert.equal(fails("bogus"), "0 unknown command.");
	assert.equal(fails("show bogus"), "5 syntax error, expecting <command>.");
	assert.equal(fails("show version c"), "13 syntax error, expecting <command>.");
	assert.equal(fails("show"), "4 syntax error, expecting <command>.");
	assert.equal(fails("s"), "0 's' is ambiguous.");
	assert.equal(fails("ping"), "4 missing argument.");
	assert.equal(fails("ping 10.0.0.1 source 10.0.0.2 count"), "35 missing argument.");
	assert.equal(fails("ping 10.0.0.1 count 3"), "21 missing argument.");
	assert.equal(fails("ping 10.0.0.1 source 10.0.0.2 count 11"), "36 Value 11 is not within range (1..10)");
	assert.equal(fails("ping 10.0.0"), "5 invalid value '10.0.0' in ip address: '10.0.0'");
	assert.equal(fails("show version detail detail"), "20 syntax error, expecting <command>.");
	assert.equal(fails('"show" version'), "0 unknown command.");
});

test("an ambiguous word lists what it could be", () => {
	const result = parse("s");
	assert.ok(!result.ok);
	assert.deepEqual(
		result.candidates?.map(({ text: word }) => word),
		["set", "show"],
	);
});

test("commands that may not be run are unknown, and branches of nothing but them too", () => {
	const noTrace: MayRun = (_, permission) => permission !== "trace" && permission !== "network";
	assert.equal(fails("show log", noTrace), "5 syntax error, expecting <command>.");
	assert.equal(fails("ping 10.0.0.1", noTrace), "0 unknown command.");
	const noUptime: MayRun = (path) => !path.join(" ").startsWith("show system");
	assert.equal(fails("show system uptime", noUptime), "5 syntax error, expecting <command>.");
	assert.ok(parse("show version", noUptime).ok);
});

test("a hidden command is accepted and not offered", () => {
	assert.ok(parse("secret").ok);
	assert.equal(fails("secre"), "0 unknown command.");
	assert.ok(!listCommands(grammar).some(({ syntax }) => syntax === "secret"));
});

test("what may stand at the cursor: values, keywords, the end, a pipe", () => {
	const at = (line: string, partial = "") => {
		const place = placeInCommand(grammar, words(line), partial, everything);
		assert.equal(place.kind, "candidates");
		return place.kind === "candidates" ? place.candidates.map((one) => one.text) : [];
	};
	assert.deepEqual(at("", "s"), ["set", "show"]);
	assert.deepEqual(at("show log"), ["<[Enter]>", "<file>", "|"]);
	assert.deepEqual(at("show version"), ["<[Enter]>", "brief", "detail", "|"]);
	assert.deepEqual(at("show version detail"), ["<[Enter]>", "brief", "|"]);
	assert.deepEqual(at("set mode"), ["on", "off"]);
	assert.deepEqual(at("ping 10.0.0.1 wait"), ["<number>", "<[Enter]>", "count", "rapid", "source", "|"]);
	assert.deepEqual(at("ping 10.0.0.1 count"), ["<number>"]);
	const rest = placeInCommand(grammar, words("run show"), "", everything);
	assert.ok(rest.kind === "rest" && rest.rest.length === 1);
	assert.equal(placeInCommand(grammar, words("bogus"), "", everything).kind, "problem");
});

test("every command is listed with its syntax and permission", () => {
	const list = listCommands(grammar).map(({ syntax, permission }) => `${syntax}: ${permission}`);
	assert.ok(list.includes("show log <file>: trace"));
	assert.ok(list.includes("show version: view"));
	assert.ok(list.includes("run <command>: undefined"));
});

test("any words are answered without an exception", () => {
	const word = fc.constantFrom(
		"show",
		"s",
		"ping",
		"10.0.0.1",
		"count",
		"constructor",
		"__proto__",
		"run",
		"mode",
		'"',
	);
	fc.assert(
		fc.property(fc.array(fc.oneof(word, fc.string({ unit: "binary" })), { maxLength: 8 }), (parts) => {
			const split = splitLine(parts.join(" "));
			if (!split.ok) return;
			const result = parseCommand(grammar, split.parts[0].words, everything);
			if (!result.ok) assert.ok(result.at >= 0 && result.message !== "");
			placeInCommand(grammar, split.parts[0].words, "s", everything);
		}),
	);
});
