import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { normalizeUri } from "#signature/normalize-uri.ts";

function normalized(target: string): string {
	return Buffer.from(normalizeUri(Buffer.from(target, "latin1"))).toString("latin1");
}

test("a target is normalised as rules expect it", () => {
	const cases: [string, string][] = [
		["/index.html", "/index.html"],
		["/a%20b%2e?x=%41+c", "/a b.?x=A+c"],
		["/a//b///c", "/a/b/c"],
		["/a\\b", "/a/b"],
		["/a/./b/../c", "/a/c"],
		["/../../etc/passwd", "/etc/passwd"],
		["/a/..", "/"],
		["/a/.", "/a/"],
		["/%2e%2e/x", "/x"],
		["/..%2f../etc", "/etc"],
		["/a%zz%4", "/a%zz%4"],
		["/a?b=//c/../d%5c", "/a?b=//c/../d\\"],
		["http://Host.example:80/a/../b?c", "/b?c"],
		["http://host.example", "/"],
		["*", "*"],
		["host:443", "host:443"],
		["", ""],
		["/.hidden/..x", "/.hidden/..x"],
		["/%25%32%45", "/%2E"],
	];
	for (const [target, expected] of cases) assert.equal(normalized(target), expected, target);
});

test("any target gives octets that are not longer, but for one slash", () => {
	fc.assert(
		fc.property(fc.string({ unit: fc.constantFrom(..."/.%2fe\\?#a:") }), (target) => {
			assert.ok(normalized(target).length <= target.length + 1);
		}),
	);
});
