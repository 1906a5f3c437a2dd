import assert from "node:assert/strict";
import { test } from "node:test";
import { countProblems, loadRules } from "#signature/rule-set.ts";

const rule = (options: string, protocol = "http") => `alert ${protocol} any any -> any any (${options})\n`;

test("rules are loaded, comments passed over, problems told with file, line and sid", () => {
	const text = `# rules\n\n${rule('msg:"a"; sid:1;')}${rule("lua:x; sid:2;")}nonsense\r\n`;
	const set = loadRules([{ name: "a.rules", text }]);
	assert.deepEqual(
		set.signatures.map(({ sid }) => sid),
		[1],
	);
	assert.deepEqual(set.disabled[0], {
		file: "a.rules",
		line: 4,
		sid: 2,
		protocol: "http",
		where: "lua",
		reason: "the keyword is not supported",
	});
	assert.equal(set.disabled[1]?.line, 5);
	assert.deepEqual(set.protocols.get("http"), { rules: 2, loaded: 1 });
});

test("a line that ends in a backslash goes on in the next", () => {
	const set = loadRules([{ name: "a", text: 'alert http any any -> any any (msg:"a"; \\\n sid:5;)\n' }]);
	assert.equal(set.signatures[0]?.sid, 5);
});

test("of equal sids the highest revision counts", () => {
	const set = loadRules([
		{ name: "a", text: rule('msg:"old"; sid:1; rev:1;') },
		{ name: "b", text: rule('msg:"new"; sid:1; rev:2;') + rule('msg:"older"; sid:1; rev:1;') },
	]);
	assert.deepEqual(
		set.signatures.map(({ message }) => message),
		["new"],
	);
	assert.match(set.disabled[0]?.reason ?? "", /same sid/);
});

test("problems are counted by keyword, keywords without effect are noted", () => {
	const text = rule("lua:x; sid:1;") + rule("lua:y; sid:2;") + rule("itype:1; sid:3;") + rule("filestore; sid:4;");
	const set = loadRules([{ name: "a", text }]);
	assert.deepEqual(
		countProblems(set.disabled).map(({ where, rules }) => [where, rules]),
		[
			["lua", 2],
			["itype", 1],
		],
	);
	assert.deepEqual([...set.notes.values()], [1]);
});
