/** The pages of the guide are true: their examples are replayed in a terminal. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { replayGuide, startGuideGateway } from "../support/guide.ts";
import { agrees, guideBlocks } from "../support/guide-page.ts";
import { requirePeers } from "../support/peers.ts";

test("R260: docs/guide/cli.md shows what the command line does", async (t) => {
	if (!requirePeers(t, ["script"])) return;
	const count = await replayGuide(t, await startGuideGateway(t), "docs/guide/cli.md");
	assert.ok(count > 50, `${count} examples were replayed`);
});

test("an example that is not so fails, with page and screen side by side", async (t) => {
	if (!requirePeers(t, ["script"])) return;
	const gateway = await startGuideGateway(t);
	const page = (shows: string) => `\`\`\`shell\n$ echo one\n${shows}\n\`\`\`\n`;
	assert.equal(await replayGuide(t, gateway, page("one")), 1);
	await assert.rejects(
		replayGuide(t, gateway, page("two")),
		/line 2: \$ echo one\n--- the page says\ntwo\n--- it prints\none/,
	);
});

test("variable parts are those that are marked, and no others", () => {
	const [block] = guideBlocks("<!-- varies: [0-9]+ octets -->\n```shell\n$ x\n7 octets\n```\n");
	assert.deepEqual(block?.steps, [{ line: 3, prompt: "$", input: "x", key: "enter", shows: ["7 octets"] }]);
	const { varies } = block ?? { varies: [] };
	assert.equal(agrees(["7 octets"], ["12 octets"], varies), true);
	assert.equal(agrees(["7 octets"], ["12 lines"], varies), false);
	assert.equal(agrees(["on 2026-11-30 00:43:42 UTC"], ["on 2027-01-02 03:04:05 UTC"], varies), true);
	assert.equal(agrees(["a", "...", "z"], ["a", "b", "c", "z"], []), true);
	assert.equal(agrees(["a", "...", "z"], ["a", "z"], []), true);
	assert.equal(agrees(["a", "...", "z"], ["a", "b"], []), false);
	assert.equal(agrees(["begins so..."], ["begins so and goes on"], []), true);
	assert.equal(agrees(["begins so..."], ["begins otherwise"], []), false);
});

test("docs/guide/intrusion-detection.md shows what rules do to a capture", async (t) => {
	if (!requirePeers(t, ["script"])) return;
	const count = await replayGuide(t, await startGuideGateway(t), "docs/guide/intrusion-detection.md");
	assert.equal(count, 21);
});
