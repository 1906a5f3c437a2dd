import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { defaultConfiguration } from "#daemon/default-configuration.ts";
import { commandWorld, runHandler as run } from "../../test/support/command-world.ts";

const configuration = `${defaultConfiguration(false)} services { ssl { proxy { decryption-policy d { never-decrypt-domains [ *.a.example b.example ]; never-decrypt-categories bank; } } } }`;

test("R141, R144: categories are imported, shown with their use, and asked for a name", async (t) => {
	const world = await commandWorld(t, { configuration });
	const { path } = world.gateway.state;
	assert.equal(await run(world, "show-categories"), "No category is loaded\n");
	mkdirSync(join(path, "ut1/bank"), { recursive: true });
	writeFileSync(join(path, "ut1/bank/domains"), "bank.example\n");
	assert.equal(
		await run(world, "category-import-directory", { directory: join(path, "ut1") }),
		"bank: 1 entry imported\n",
	);
	assert.match(await run(world, "show-categories"), /bank +1 +1 KiB +yes/);
	assert.match(await run(world, "show-categories", { domain: "my.bank.example" }), /^bank +by \.bank\.example$/m);
	assert.deepEqual(JSON.parse(await run(world, "show-categories", { domain: "bank.example" }, true)), {
		domain: "bank.example",
		categories: [{ category: "bank", entry: ".bank.example" }],
	});
	assert.equal(
		await run(world, "show-categories", { domain: "x.example" }),
		"x.example is in no category that is loaded\n",
	);
	await run(world, "category-delete", { name: "bank" });
	assert.equal(await run(world, "show-categories"), "No category is loaded\n");
	assert.deepEqual(world.reports.slice(-2), ["pat: category bank was imported", "pat: category bank was deleted"]);
});

test("R144: a list is imported and exported, and so are the domains of a policy", async (t) => {
	const world = await commandWorld(t, { configuration });
	const { path } = world.gateway.state;
	writeFileSync(join(path, "hosts"), "0.0.0.0 one.example two.example\n");
	const values = { name: "blocked", filename: "hosts", format: "hosts" };
	assert.equal(await run(world, "domain-list-import", values), "blocked: 2 entries imported\n");
	assert.match(await run(world, "show-domain-lists"), /blocked +2 +1 KiB +no/);
	const out = { name: "d", filename: "policy.txt" };
	assert.match(await run(world, "policy-domains-export", out), /^2 entries written/);
	assert.equal(readFileSync(join(path, "policy.txt"), "utf8"), "*.a.example\nb.example\n");
	await assert.rejects(run(world, "policy-domains-export", { ...out, name: "none" }), /none is not configured/);
});
