/** The page about transparent mode is true: its examples are replayed, each at the host of a small network that it names. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { defaultConfiguration } from "#daemon/default-configuration.ts";
import { startGateway } from "../support/gateway.ts";
import { replayGuide } from "../support/guide.ts";
import { labAddresses, labPeers, makeLab, openName } from "../support/lab.ts";
import { requireNamespaces } from "../support/namespaces.ts";

test("R40: docs/guide/transparent.md shows what client, gateway and server see", async (t) => {
	if (!requireNamespaces(t, [...labPeers, "script"])) return;
	const lab = await makeLab(t);
	const gateway = await startGateway(t, {
		trust: lab.ca.root.pem,
		inside: (words) => lab.gateway.inside(words),
		configuration: ({ ipv4 }) =>
			`${defaultConfiguration(false).replace("127.0.0.1:8080", `127.0.0.1:${ipv4}`)}system { host-name gw; }\n`,
	});
	// What a client of the page has set up: both CAs, and a resolver that knows the server.
	const home = mkdtempSync(join(tmpdir(), "client-"));
	t.after(() => rmSync(home, { recursive: true, force: true }));
	writeFileSync(join(home, "trust.pem"), `${gateway.caPem}\n${lab.ca.root.pem}`);
	const resolve = [443, 9443].map((port) => `resolve = "${openName}:${port}:${labAddresses.server.ipv4}"`);
	const settings = ["silent", "show-error", 'noproxy = "*"', `cacert = "${join(home, "trust.pem")}"`, ...resolve];
	writeFileSync(join(home, ".curlrc"), `${settings.join("\n")}\n`);
	const count = await replayGuide(t, gateway, "docs/guide/transparent.md", {
		client: (words) => lab.client.inside(["/usr/bin/env", `CURL_HOME=${home}`, ...words]),
		gateway: (words) => lab.gateway.inside(words),
	});
	assert.ok(count > 20, `${count} examples were replayed`);
	await gateway.stop();
	assert.equal(lab.kernelState(), lab.untouched);
});
