import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { Admission } from "#daemon/admission.ts";
import { Counters } from "#telemetry/counters.ts";
import { listen } from "../../test/support/tls-legs.ts";

const limits = {
	maximumSessions: 10,
	maximumPerClient: 1,
	maximumDecrypted: 1,
	memoryHighOctets: undefined,
	action: "bypass",
} as const;

test("a client beyond its limit is answered with 503 and closed, and may come again when it has closed", async (t) => {
	const counters = new Counters();
	const admission = new Admission({ worker: 1, workers: 1 }, limits, counters);
	const admitted: ReturnType<Admission["admit"]>[] = [];
	const port = await listen(t, (socket: Socket) => {
		admitted.push(admission.admit(socket, "127.0.0.1", "0011223344556677"));
	});
	const first = connect(port, "127.0.0.1");
	t.after(() => first.destroy());
	await once(first, "connect");
	const second = connect(port, "127.0.0.1");
	t.after(() => second.destroy());
	let answer = "";
	second.on("data", (octets) => (answer += octets));
	await once(second, "end");
	assert.match(answer, /^HTTP\/1\.1 503 /);
	assert.match(answer, /as many sessions of this client as it may/);
	assert.deepEqual([admitted[0] === undefined, admitted[1]], [false, undefined]);
	assert.equal(counters.get("sessions_overloaded"), 1);
	admitted[0]?.closed();
	const third = connect(port, "127.0.0.1");
	t.after(() => third.destroy());
	await once(third, "connect");
	third.write("x");
	while (admitted.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
	assert.notEqual(admitted[2], undefined);
});

test("a session counts as decrypted from the question to its end, and its share is that of the worker", () => {
	const counters = new Counters();
	const admission = new Admission({ worker: 2, workers: 2 }, { ...limits, maximumDecrypted: 1 }, counters);
	const session = admission.admit(undefined as unknown as Socket, "127.0.0.1", "");
	assert.equal(session?.mayDecrypt().may, false);
	assert.equal(counters.get("decryptions_overloaded"), 1);
	admission.configure({ ...limits, maximumDecrypted: 2 });
	assert.equal(session?.mayDecrypt().may, true);
	session?.closed();
	assert.equal(admission.admit(undefined as unknown as Socket, "127.0.0.1", "")?.mayDecrypt().may, true);
});

test("the memory of the process is looked at, and the mark is a share of the host's when absent", () => {
	const counters = new Counters();
	const usual = new Admission({ worker: 1, workers: 1 }, limits, counters);
	assert.deepEqual(usual.tick(0), []);
	usual.configure({ ...limits, memoryHighOctets: 1 });
	assert.deepEqual(
		usual.tick(1_000).map(({ id }) => id),
		["MEMORY_HIGH"],
	);
});

test("N4: no more sessions are taken on than there are files for, which is told once", () => {
	const counters = new Counters();
	const many = { ...limits, maximumSessions: 20_000, maximumPerClient: 20_000 };
	const admission = new Admission({ worker: 1, workers: 1 }, many, counters, 262);
	const admit = () => admission.admitFlow("192.0.2.1");
	for (let count = 0; count < 3; count++) assert.notEqual(admit(), undefined);
	assert.equal(admit(), undefined);
	const [told, ...more] = admission.tick(0).filter(({ id }) => id === "OPEN_FILES_LOW");
	assert.deepEqual([told?.fields, more], [{ worker: 1, limit: 262, capacity: 3, wanted: 20_000 }, []]);
	const isTold = () => admission.tick(1).some(({ id }) => id === "OPEN_FILES_LOW");
	assert.equal(isTold(), false);
	admission.configure({ ...many, maximumSessions: 2 });
	assert.equal(isTold(), false);
	admission.configure({ ...many, maximumSessions: 30 });
	assert.equal(isTold(), true);
	const enough = new Admission({ worker: 1, workers: 1 }, many, counters, 1_000_000);
	assert.deepEqual(enough.tick(0), []);
});
