import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { passwordHashProblem, verifyPassword } from "#base/password-hash.ts";
import { Secret } from "#base/secret.ts";

/** Examples of the source, section "Testing", and one of a password of several blocks; as crypt(3) of glibc computes them. */
const examples: readonly (readonly [password: string, hash: string])[] = [
	["Hello world!", "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"],
	["Hello world!", "$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA"],
	["This is just a test", "$5$rounds=5000$toolongsaltstrin$Un/5jzAHMgOGZ5.mWJpuVolil07guHPvOW8mGRcvxa5"],
	[
		"Hello world!",
		"$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
	],
	[
		"Hello world!",
		"$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.",
	],
	[
		"This is just a test",
		"$6$rounds=5000$toolongsaltstrin$lQ8jolhgVRVhY4b5pZKaysCLi0QBxGoNeKQzQ3glMhwllF7oGDZxUhx1yxdYcz/e1JSbq3y6JMxxl8audkUEm0",
	],
	[
		"a password that is a good deal longer than sixty-four octets, so that more than one block of it is taken, and ä",
		"$6$xyz$.asO5KyEOyr6SVUO0uvwu.FaSnDd8sP9E64McZ2JUWQCz2ln6YObBYD5dwMksFt2kQ6ib60a3313QfVTLf.PF1",
	],
];

test("the examples of SHA-crypt are verified, and no other password", () => {
	for (const [password, hash] of examples) {
		assert.equal(verifyPassword(new Secret(password), hash), true, hash);
		assert.equal(verifyPassword(new Secret(`${password} `), hash), false, hash);
		assert.equal(passwordHashProblem(hash), undefined);
	}
});

test("a lone asterisk admits nobody; other forms, cut hashes and endless rounds are told", () => {
	assert.equal(passwordHashProblem("*"), undefined);
	assert.equal(verifyPassword(new Secret("*"), "*"), false);
	const [, hash = ""] = examples[3] ?? [];
	for (const text of ["", "hunter2", "$1$abc$def", "$2b$10$abc", hash.slice(0, -1), `${hash}a`])
		assert.match(passwordHashProblem(text) ?? "", /SHA-crypt/, text);
	const endless = hash.replace("$6$", "$6$rounds=999999999$");
	assert.match(passwordHashProblem(endless) ?? "", /at most 100000 rounds/);
	assert.equal(verifyPassword(new Secret("Hello world!"), endless), false);
});

test("whatever stands in the place of a hash, nothing throws", () => {
	fc.assert(
		fc.property(fc.string(), fc.string(), (password, hash) => !verifyPassword(new Secret(password), hash)),
		{
			numRuns: 200,
		},
	);
});
