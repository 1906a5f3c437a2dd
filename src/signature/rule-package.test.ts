import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readRulePackage } from "#signature/rule-package.ts";
import { tarOf } from "../../test/support/tar.ts";

const rule = (sid: number, more = "") =>
	`alert http any any -> any any (msg:"r${sid}"; http.uri; content:"/x${sid}"; ${more} sid:${sid};)\n`;

function accountOf(octets: Buffer): unknown {
	const made = readRulePackage(octets);
	return typeof made === "string" ? made : [made.loaded, made.disabled, made.leftOut];
}

test("a text of rules is a package, and so are the files of rules in an archive, without those withdrawn", () => {
	assert.deepEqual(accountOf(Buffer.from(rule(1) + rule(2, "lua:x;"))), [1, 1, 0]);
	const archive = tarOf({
		"rules/a.rules": rule(1) + rule(2),
		"rules/LICENSE": "alert is no rule here",
		"rules/b.rules": rule(3),
		"rules/deleted.rules": rule(4),
		"rules/empty.rules": "",
	});
	assert.deepEqual(accountOf(archive), [3, 0, 0]);
	const made = readRulePackage(archive);
	assert.ok(typeof made !== "string" && made.text.includes("/x3") && !made.text.includes("/x4"));
});

test("rules that would read files of the host are left out", () => {
	const reads = rule(2, "http.host; dataset:isset,bad,type string,load ../../etc/passwd;");
	const own = rule(3, "http.host; dataset:isset,seen,type string;");
	assert.deepEqual(accountOf(Buffer.from(rule(1) + reads + own)), [2, 0, 1]);
	const continued = rule(4, "http.host; dataset:isset,bad,type string,\\\nload /etc/passwd;");
	const made = readRulePackage(Buffer.from(rule(1) + continued));
	assert.ok(typeof made !== "string" && !made.text.includes("/etc/passwd"), JSON.stringify(made));
});

test("however a rule from afar writes that it reads a file, it is left out", () => {
	for (const option of [
		"DATASET:isset,bad,type string,load /etc/passwd;",
		"dataset : isset,bad,memcap \\;,load /etc/passwd;",
		"Dataset:isset,bad,memcap \\\\\\;,load /etc/passwd;",
	]) {
		const made = readRulePackage(Buffer.from(rule(1) + rule(2, `http.host; ${option}`)));
		assert.ok(typeof made !== "string" && made.loaded === 1, option);
		assert.doesNotMatch(made.text, /passwd/, option);
	}
});

test("what holds no rules does not become a package", () => {
	assert.equal(accountOf(Buffer.alloc(0)), "it is empty");
	assert.equal(accountOf(Buffer.from("# nothing\n")), "it holds no rules");
	assert.match(String(accountOf(Buffer.from("<html>\n<body>Not found</body>\n</html>\n"))), /rules/);
	assert.equal(accountOf(Buffer.from(rule(1, "lua:x;"))), "none of its 1 rules is understood");
	assert.equal(accountOf(tarOf({ "a.txt": rule(1) })), "the archive holds no file of rules");
});

test("a damaged archive is refused, and nothing makes it fail", () => {
	const archive = tarOf({ "a.rules": rule(1), "b.rules": rule(2) });
	assert.equal(accountOf(archive.subarray(0, 520)), "the archive is cut");
	const odd = Buffer.from(archive);
	odd.write("99999999999", 124);
	assert.equal(accountOf(odd), "the archive is damaged");
	fc.assert(
		fc.property(fc.nat(archive.length - 1), fc.nat(255), fc.nat(archive.length), (at, value, end) => {
			const changed = Buffer.from(archive);
			changed[at] = value;
			readRulePackage(changed.subarray(0, end));
		}),
	);
});
