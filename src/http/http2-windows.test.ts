import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ClientWindow, initialWindow } from "#http/http2-windows.ts";

test("a client that gives no more than the first window has all of it told, and no answer is paid", () => {
	const window = new ClientWindow();
	window.take(40_000);
	assert.equal(window.give(40_000), 40_000);
	assert.equal(window.spend(1), false);
	assert.equal(window.spend(0), true);
});

test("what a client gives beyond fills the reserve, and an answer is paid out of it", () => {
	const window = new ClientWindow();
	assert.equal(window.give(1_000_000), 1_000_000 - 16_384);
	assert.equal(window.spend(16_000), true);
	assert.equal(window.spend(16_000), false);
	assert.equal(window.give(16_000), 0, "the reserve is filled again");
	assert.equal(window.give(5), 5);
});

test("server and gateway together never have more than the client gave", () => {
	const steps = fc.array(fc.tuple(fc.constantFrom("give", "take", "spend", "back"), fc.nat(70_000)));
	fc.assert(
		fc.property(steps, (list) => {
			const window = new ClientWindow();
			let client = initialWindow;
			let server = initialWindow;
			for (const [kind, octets] of list) {
				if (kind === "give") {
					client += octets;
					server += window.give(octets);
				} else if (kind === "take" && octets <= server) {
					server -= octets;
					client -= octets;
					window.take(octets);
				} else if (kind === "spend" && window.spend(octets)) client -= octets;
				assert.equal(window.serverCredit, server);
				assert.ok(server <= client && window.reserve === client - server);
			}
		}),
	);
});
