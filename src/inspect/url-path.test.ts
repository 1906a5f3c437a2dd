import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { plainTarget } from "#inspect/url-path.ts";

for (const [target, plain] of [
	["/", "/"],
	["/a/bad", "/a/bad"],
	["/a/%62%61d", "/a/bad"],
	["/a%2fbad", "/a/bad"],
	["//a///bad", "/a/bad"],
	["/./a/./bad", "/a/bad"],
	["/x/../a/y/%2e%2e/bad", "/a/bad"],
	["/../../a/bad/.", "/a/bad/"],
	["/a//", "/a/"],
	["/..", "/"],
	["/a/%2562ad", "/a/%2562ad"],
	["/a%3fb%23", "/a%3Fb%23"],
	["/a/%6", "/a/%6"],
	["/.hidden/...", "/.hidden/..."],
	["/%61?x=%61/../b", "/a?x=%61/../b"],
] as const) {
	test(`${target} is compared as ${plain}`, () => assert.equal(plainTarget(target), plain));
}

test("the form of any path begins with a slash and has no step that changes it", () => {
	const part = fc.constantFrom("/", ".", "..", "%2e", "%2F", "%25", "%", "a", "?", "é");
	fc.assert(
		fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
			const [path = ""] = plainTarget(`/${parts.join("")}`).split("?", 1);
			assert.match(path, /^\//);
			assert.doesNotMatch(path, /\/\/|\/\.{1,2}(?:\/|$)/);
		}),
	);
});
