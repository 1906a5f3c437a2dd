/** A client that trusts only its server's own CA pins it: after enough of them, the server's sessions are let be. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { eventually, type Gateway, startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";
import { requirePeers } from "../support/peers.ts";

const names = ["pin.test", "kept.test"];

async function gatewayWith(t: TestContext, profile: string) {
	const ca = new TestCa();
	const origin = await httpsOrigin(t, ca.identity(names), (_, response) => response.end("from the origin"));
	const gateway = await startGateway(t, {
		trust: ca.root.pem,
		hosts: names,
		profile: `${profile} decryption-policy d; always-decrypt-source 127.0.0.8/32;`,
		profiles: "decryption-policy d { category-overrides kept.test; }",
	});
	const pin = join(gateway.state, "pin.pem");
	writeFileSync(pin, ca.root.pem);
	const ask = (host: string, source: string) => curl(gateway, `https://${host}:${origin.port}/`, source, pin);
	return { gateway, ask };
}

/** What curl printed; empty when it refused the certificate. */
function curl(gateway: Gateway, url: string, source: string, pin: string): Promise<string> {
	const { host, port } = gateway.proxy();
	const args = ["-sS", "-m", "20", "--interface", source, "-x", `http://${host}:${port}`, "--cacert", pin, url];
	const child = spawn("curl", args, { stdio: ["ignore", "pipe", "ignore"] });
	let text = "";
	child.stdout.on("data", (chunk: Buffer) => {
		text += chunk.toString();
	});
	return new Promise((resolve) => child.on("close", () => resolve(text)));
}

test("N9: two clients that refuse the minted certificate teach that the server is let be, for all but those always decrypted", async (t) => {
	if (!requirePeers(t, ["curl"])) return;
	const { gateway, ask } = await gatewayWith(t, "learned-bypass { clients 2; }");
	for (const _ of [1, 2, 3]) assert.equal(await ask("pin.test", "127.0.0.2"), "", "one client alone teaches nothing");
	assert.equal(await ask("pin.test", "127.0.0.8"), "");
	assert.deepEqual(gateway.events("BYPASS_LEARNED"), []);
	assert.equal(await ask("pin.test", "127.0.0.3"), "");
	const [event] = await eventually(() => {
		const events = gateway.events("BYPASS_LEARNED");
		return events.length > 0 ? events : undefined;
	}, "the event that tells it");
	assert.deepEqual([event?.fields.host, event?.fields.profile, event?.fields.clients], ["pin.test", "inspect", 2]);
	assert.equal(await ask("pin.test", "127.0.0.4"), "from the origin");
	assert.equal(await ask("pin.test", "127.0.0.8"), "", "always-decrypt-source goes before");
	const bypassed = await eventually(
		() => gateway.records().find(({ decision }) => decision === "bypass"),
		"the record of the session that was let be",
	);
	assert.match(bypassed.fact, /^2 clients refused the gateway's certificate for pin\.test; learned until 2/);
	for (const source of ["127.0.0.2", "127.0.0.3", "127.0.0.4"]) assert.equal(await ask("kept.test", source), "");
	assert.equal(gateway.events("BYPASS_LEARNED").length, 1, "a name of category-overrides is never learned");
});

for (const statement of ["", "learned-bypass { clients 1; disable; }"]) {
	test(`a profile with ${statement === "" ? "no word of it" : "learned-bypass disable"} learns nothing`, async (t) => {
		if (!requirePeers(t, ["curl"])) return;
		const { gateway, ask } = await gatewayWith(t, statement);
		for (const last of [2, 3, 4, 5]) assert.equal(await ask("pin.test", `127.0.0.${last}`), "");
		assert.deepEqual(gateway.events("BYPASS_LEARNED"), []);
	});
}
