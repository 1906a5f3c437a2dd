import assert from "node:assert/strict";
import { test } from "node:test";
import { type BufferRow, bufferModifiers, bufferNames, bufferTable, stickyBuffers } from "#signature/buffer-table.ts";

test("old and new keywords select the same buffer", () => {
	assert.equal(stickyBuffers.get("http.uri"), "http.uri");
	assert.equal(stickyBuffers.get("tls_sni"), "tls.sni");
	assert.equal(stickyBuffers.get("pkt_data"), "payload");
	assert.equal(bufferModifiers.get("http_raw_uri"), "http.uri.raw");
	assert.equal(stickyBuffers.get("payload"), undefined);
});

test("no keyword stands for two buffers", () => {
	const keywords = bufferNames.flatMap((name) => {
		const { also, modifier } = bufferTable[name] as BufferRow;
		return [name, ...also, ...(modifier === undefined ? [] : [modifier])];
	});
	assert.equal(new Set(keywords).size, keywords.length);
});

test("buffers of the handshake travel the way of their message", () => {
	for (const name of bufferNames) {
		const { stage, side } = bufferTable[name];
		if (stage === "client-hello") assert.equal(side, "to-server");
		if (stage === "server-hello" || stage === "certificate") assert.equal(side, "to-client");
	}
});
