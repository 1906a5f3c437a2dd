import assert from "node:assert/strict";
import { test } from "node:test";
import { CertificateCaches } from "#daemon/certificate-caches.ts";
import type { ToWorker } from "#daemon/worker-protocol.ts";

const facts = (worker: number) => ({ worker, certificates: worker, contexts: 0, kept: [] });

test("all workers are asked once, and their answers come in the order of their numbers", async () => {
	const told: ToWorker[] = [];
	const caches = new CertificateCaches((message) => {
		told.push(message);
		return 2;
	});
	const shown = caches.show(7);
	assert.deepEqual(told, [{ type: "show-certificate-cache", question: 1, limit: 7 }]);
	caches.answered(9, facts(5));
	caches.answered(1, facts(2));
	caches.answered(1, facts(1));
	assert.deepEqual(await shown, [facts(1), facts(2)]);
	caches.answered(1, facts(3));
});

test("a worker that does not answer is left out, and without workers there is nothing", async () => {
	const silent = new CertificateCaches(() => 2, 20);
	const shown = silent.show(1);
	silent.answered(1, facts(1));
	assert.deepEqual(await shown, [facts(1)]);
	assert.deepEqual(await new CertificateCaches(() => 0).show(1), []);
});

test("clear reaches every worker", () => {
	const told: ToWorker[] = [];
	new CertificateCaches((message) => told.push(message)).clear();
	assert.deepEqual(told, [{ type: "clear-certificate-cache" }]);
});
