/** A worker that was taken over may say anything to the process that holds the keys; that one goes on. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { eventually, makeStateDirectory, startGateway } from "../support/gateway.ts";

const state = makeStateDirectory({ after });
const evil = join(state, "evil.mjs");
writeFileSync(
	evil,
	`const says = [null, { type: "sign", ca: "sallyport-ca", toBeSigned: 5 }, { type: "records", records: 5 }, { type: "event" }];
	if (process.send) process.on("SIGUSR2", () => process.send(says[Number(process.env.EVIL)]));
	`,
);

for (const number of [0, 1, 2, 3]) {
	test(`a message of a worker that cannot be read ends the worker alone (${number})`, async (t) => {
		const environment = { NODE_OPTIONS: `--import=${evil}`, EVIL: String(number) };
		const gateway = await startGateway(t, { gateway: "workers 1;", environment, mayLoseWorkers: true });
		const [worker] = gateway.workers();
		assert.ok(worker !== undefined);
		process.kill(worker, "SIGUSR2");
		await eventually(
			() => gateway.program.isOver || gateway.events("WORKER_RESTARTED").length > 0,
			"the restart of the worker",
		);
		assert.equal(gateway.program.isOver, false);
	});
}
