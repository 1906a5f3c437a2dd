import assert from "node:assert/strict";
import { test } from "node:test";
import { type DraftContent, isRelative, maxVariables, protocolOf, SignatureDraft } from "#signature/signature-draft.ts";

function content(text: string): DraftContent {
	return {
		type: "content",
		octets: Buffer.from(text),
		isNegated: false,
		ignoresCase: false,
		offset: undefined,
		depth: undefined,
		distance: undefined,
		within: undefined,
		endsBuffer: false,
		isFastPattern: false,
		isFollowed: false,
	};
}

function shape(draft: SignatureDraft): string[] {
	return draft.inspections.map(({ buffer, transforms, steps }) =>
		[buffer, ...transforms.map(({ name }) => name), steps.length].join(" "),
	);
}

test("contents go to the selected buffer, and pkt_data goes back to the payload", () => {
	const draft = new SignatureDraft();
	draft.addMatch(content("a"));
	draft.select("http.uri");
	draft.addMatch(content("b"));
	draft.addMatch(content("c"));
	draft.select("payload");
	draft.addMatch(content("d"));
	assert.deepEqual(shape(draft), ["payload 2", "http.uri 2"]);
});

test("a modifier moves the last content, once, and only where no buffer was selected", () => {
	const draft = new SignatureDraft();
	assert.match(String(draft.moveContent("http.uri")), /no content/);
	draft.addMatch(content("a"));
	assert.equal(draft.moveContent("http.uri"), undefined);
	assert.match(String(draft.moveContent("http.host")), /already/);
	draft.select("http.host");
	draft.addMatch(content("b"));
	assert.match(String(draft.moveContent("http.uri")), /has selected/);
	assert.deepEqual(shape(draft), ["http.uri 1", "http.host 1"]);
});

test("a relative step follows a content that was moved", () => {
	const draft = new SignatureDraft();
	draft.addMatch(content("a"));
	draft.moveContent("http.uri");
	draft.addStep({ type: "isdataat", isNegated: true, at: 1, isRelative: true });
	draft.addStep({ type: "isdataat", isNegated: true, at: 9, isRelative: false });
	assert.deepEqual(shape(draft), ["payload 1", "http.uri 2"]);
});

test("the same buffer with other transforms is another one", () => {
	const draft = new SignatureDraft();
	assert.match(String(draft.transform({ name: "to_md5" })), /behind no buffer/);
	for (const names of [["to_lowercase"], [], ["to_lowercase"], ["to_lowercase", "to_md5"]] as const) {
		draft.select("http.host");
		for (const name of names) draft.transform({ name });
		draft.addMatch(content("a"));
	}
	assert.deepEqual(shape(draft), ["http.host to_lowercase 2", "http.host 1", "http.host to_lowercase to_md5 1"]);
});

test("variables have indices, and there is an end to them", () => {
	const draft = new SignatureDraft();
	assert.deepEqual([draft.find("a"), draft.define("a"), draft.define("b"), draft.define("a")], [undefined, 0, 1, 0]);
	for (let index = 2; index < maxVariables; index++) draft.define(`v${index}`);
	assert.equal(draft.define("one more"), undefined);
});

test("steps know whether they are relative, buffers their protocol", () => {
	assert.equal(isRelative(content("a")), false);
	assert.equal(isRelative({ ...content("a"), within: 3 }), true);
	assert.equal(isRelative({ type: "size", range: { comparison: "=", value: 1, high: 0 } }), false);
	assert.deepEqual([protocolOf("payload"), protocolOf("http.uri"), protocolOf("tls.sni")], [undefined, "http", "tls"]);
});
