import assert from "node:assert/strict";
import { test } from "node:test";
import { clearCertificateCache, showCertificateCache } from "#daemon/certificate-cache-view.ts";
import type { CommandWorld } from "#daemon/gateway-view.ts";
import type { KeptLeaf } from "#proxy/leaf-contexts-shell.ts";
import { commandWorld } from "../../test/support/command-world.ts";

const at = Date.UTC(2026, 10, 21, 10);
const leaf: KeptLeaf = {
	names: ["shop.example", "\u001b[2J"],
	originSha256: "b".repeat(64),
	certificateSha256: "a".repeat(64),
	ca: "sallyport-ca",
	keyClass: "p256",
	madeAt: at,
	expiresAt: at + 3_600_000,
	uses: 12,
};

async function shown(world: CommandWorld, values: Readonly<Record<string, string>>, isJson = false): Promise<string> {
	const lines: string[] = [];
	const request = { values, isJson } as unknown as Parameters<typeof showCertificateCache>[1];
	for await (const line of showCertificateCache(world, request)) lines.push(line);
	return lines.join("");
}

test("the cache is shown by worker, with what each certificate stands for, how old it is and how often it served", async (t) => {
	const world = await commandWorld(t);
	const limits: number[] = [];
	world.gateway.certificateCaches = async (limit) => {
		limits.push(limit);
		return [{ worker: 1, certificates: 9, contexts: 11, kept: [leaf] }];
	};
	assert.equal(
		await shown(world, { last: "5" }),
		[
			"Certificate cache: a certificate is used again for 3600 seconds",
			"Worker 1: 9 certificates, 11 TLS contexts",
			"  shop.example, \\x1b[2J",
			"    signed by sallyport-ca, p256; made 2026-11-21 10:00:00 UTC, until 2026-11-21 11:00:00 UTC; 12 sessions",
			`    certificate ${"a".repeat(64)}`,
			`    server certificate ${"b".repeat(64)}`,
			"",
		].join("\n"),
	);
	const json = JSON.parse(await shown(world, {}, true));
	assert.deepEqual([json.worker, json.kept[0].names[0]], [1, "shop.example"]);
	assert.deepEqual(limits, [5, 20]);
});

test("clear reaches the workers and says nothing", async (t) => {
	const world = await commandWorld(t);
	assert.equal(clearCertificateCache(world), "");
	assert.deepEqual(world.applied.at(-1), "clear-certificate-cache");
});
