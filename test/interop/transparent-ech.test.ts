/** Chromium with real Encrypted ClientHello through a transparent gateway: it comes back with the true name. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { echConfigList } from "../support/ech.ts";
import { eventually, Program } from "../support/gateway.ts";
import { exemptName, labAddresses, labPeers, makeLab, openName } from "../support/lab.ts";
import { requireNamespaces } from "../support/namespaces.ts";
import { peerPath } from "../support/peers.ts";
import { run } from "../support/tls-legs.ts";

test("R156: a browser that hides its server behind an exempt name is opened, learns that ECH is not done here, and names it", async (t) => {
	if (!requireNamespaces(t, [...labPeers, "chromium", "certutil"])) return;
	const lab = await makeLab(t);
	const keys = Buffer.from(echConfigList(exemptName)).toString("base64");
	const sallyport = await lab.startSallyport(t, "transparent a { listen 15443; interfaces g-lan.0; }", {
		profiles: `global-config { ech-configuration ${keys}; }`,
		mappings: Object.fromEntries([openName, exemptName].map((name) => [name, `inet ${labAddresses.server.ipv4};`])),
	});
	const home = mkdtempSync(join(tmpdir(), "sallyport-ech-"));
	t.after(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));
	const database = join(home, ".pki/nssdb");
	mkdirSync(database, { recursive: true });
	for (const args of [
		["-N", "--empty-password"],
		["-A", "-n", "gateway", "-t", "C,,", "-i", sallyport.caFile],
	]) {
		const { status, output } = await run(t, peerPath("certutil"), ["-d", `sql:${database}`, ...args]);
		assert.equal(status, 0, output);
	}
	const resolver = join(home, "resolv.conf");
	writeFileSync(resolver, "nameserver 127.0.0.1\n");
	const child = join(import.meta.dirname, "../support/name-server-child.ts");
	const node = [process.execPath, "--disable-warning=ExperimentalWarning", child];
	const server = start([...node, labAddresses.server.ipv4, openName, keys]);
	await server.says("ready");
	// Its resolver's file, for this program alone.
	const own = `mount --bind ${resolver} "$(readlink -f /etc/resolv.conf)" && exec "$@"`;
	const browser = start([
		...[peerPath("unshare"), "--mount", "/bin/sh", "-c", own, "sh", peerPath("chromium")],
		...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
		...["--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"],
		...[`--user-data-dir=${join(home, "profile")}`, "--dump-dom", `https://${openName}/`],
	]);
	await browser.says(`seen ${labAddresses.gateway.ipv4}`);
	const hidden = await eventually(() => sallyport.records().find(({ ech }) => ech === "real"), "the hidden session");
	assert.deepEqual(
		[hidden.sni, hidden.decision, hidden.faultCode],
		[exemptName, "decrypt", "CLIENT_ECH_NOT_ACCEPTED"],
		hidden.endedBecause,
	);
	browser.child.kill("SIGKILL");
	const named = await eventually(() => sallyport.records().find(({ sni }) => sni === openName), "the named session");
	assert.deepEqual([named.decision, named.ech ?? "none"], ["decrypt", named.hasEch ? "cannot-tell" : "none"]);

	function start(words: readonly string[]): Program {
		const [program, ...rest] = lab.client.inside(words);
		const started = new Program(spawn(program, rest, { env: { ...process.env, HOME: home } }));
		t.after(async () => {
			started.child.kill("SIGKILL");
			await started.ended;
		});
		return started;
	}
});
