import assert from "node:assert/strict";
import { test } from "node:test";
import { contentKeywords } from "#signature/content-keywords.ts";
import type { ContentStep } from "#signature/signature.ts";
import { anyTcp, problemOf, signatureOf } from "../../test/support/signatures.ts";

function contentOf(options: string): ContentStep {
	const step = signatureOf(options).inspections[0]?.steps[0];
	assert.ok(step?.type === "content", options);
	return step;
}

test("a content has its modifiers, wherever they stand behind it", () => {
	const content = contentOf('content:!"ab"; nocase; offset:3; depth:5; fast_pattern:only; rawbytes; http_uri;');
	assert.deepEqual(
		[content.isNegated, content.ignoresCase, content.offset, content.depth, content.isFastPattern],
		[true, true, 3, 5, true],
	);
});

test("startswith is depth from the start, endswith and isdataat:!1,relative are the same", () => {
	const { offset, depth } = contentOf('http.uri; content:"abc"; startswith;');
	assert.deepEqual([offset, depth], [0, 3]);
	assert.equal(contentOf('http.uri; content:"abc"; endswith;').endsBuffer, true);
	assert.equal(contentOf('http.uri; content:"abc"; isdataat:!1,relative;').endsBuffer, true);
	assert.match(problemOf('http.uri; content:"abc"; depth:9; startswith;'), /^startswith: .* none of/);
});

test("a content that a relative step follows is marked, and no other", () => {
	const { inspections } = signatureOf('http.uri; content:"a"; content:"b"; distance:0; content:"c"; pcre:"/d/R";');
	const followed = inspections[0]?.steps.map((step) => "isFollowed" in step && step.isFollowed);
	assert.deepEqual(followed, [true, false, true, false]);
});

test("modifiers without a content, twice, or that can never hold are refused", () => {
	for (const keyword of [
		"nocase",
		"depth:1",
		"offset:1",
		"distance:1",
		"within:1",
		"startswith",
		"endswith",
		"fast_pattern",
	])
		assert.match(problemOf(`${keyword};`), /no content stands before it/, keyword);
	assert.match(problemOf('content:"abc"; depth:2;'), /less than the content/);
	assert.match(problemOf('content:"abc"; within:2;'), /less than the content/);
	assert.match(problemOf('content:"abc"; depth:3; depth:4;'), /already/);
	assert.match(problemOf('content:"abc"; offset:-1;'), /negative/);
	assert.match(problemOf('content:"abc"; distance:2000000;'), /beyond/);
	assert.match(problemOf('content:"abc"; nocase:1;'), /takes no value/);
	assert.match(problemOf("content:abc;"), /not in quotes/);
	assert.match(problemOf('content:"abc"; fast_pattern:x;'), /neither only/);
});

test("pcre goes to the buffer that its flag names", () => {
	const { inspections } = signatureOf('content:"a"; http_uri; pcre:"/b/U"; pcre:"/c/V";');
	assert.deepEqual(
		inspections.map(({ buffer, steps }) => [buffer, steps.length]),
		[
			["http.uri", 2],
			["http.user_agent", 1],
		],
	);
});

test("uricontent is a content of http.uri", () => {
	assert.equal(signatureOf('uricontent:"/a";').inspections[0]?.buffer, "http.uri");
	assert.match(problemOf('http.host; uricontent:"/a";'), /has selected/);
});

test("bsize, absent and dataset want a selected buffer; urilen names its own", () => {
	for (const keyword of ["bsize:1", "absent", "dataset:isset,a,type string"]) {
		assert.match(problemOf(`${keyword};`, anyTcp), /no buffer is selected/, keyword);
		assert.equal(signatureOf(`http.referer; ${keyword};`).inspections[0]?.buffer, "http.referer");
	}
	assert.equal(signatureOf("urilen:>5;").inspections[0]?.buffer, "http.uri.raw");
	assert.equal(signatureOf("urilen:1<>5,norm;").inspections[0]?.buffer, "http.uri");
	assert.match(problemOf("urilen:x;"), /no size/);
	assert.match(problemOf("http.uri; bsize:x;"), /no size/);
	assert.match(problemOf("http.uri; absent:x;"), /or_else/);
});

test("a dataset has a command, a name, a type and a file", () => {
	const step = signatureOf("http.host; dataset:isnotset,names,type sha256,load names.lst,memcap 1mb;").inspections[0]
		?.steps[0];
	assert.deepEqual(step, { type: "dataset", command: "isnotset", name: "names", form: "sha256", load: "names.lst" });
	assert.match(problemOf("http.host; dataset:is,names;"), /command/);
	assert.match(problemOf("http.host; dataset:set,a b;"), /name/);
	assert.match(problemOf("http.host; dataset:set,a,state x;"), /not supported/);
});

test("numbers of the buffer can be named in later steps and not before", () => {
	const { variables, inspections } = signatureOf('http.request_body; byte_extract:2,0,len; content:"a"; offset:len;');
	assert.equal(variables, 1);
	assert.equal(inspections[0]?.steps.length, 2);
	assert.match(problemOf('http.request_body; content:"a"; offset:len;'), /neither a number nor a variable/);
});

test("every keyword of the table says what it is", () => {
	for (const [name, { about }] of Object.entries(contentKeywords)) assert.ok(about.length > 10, name);
});
