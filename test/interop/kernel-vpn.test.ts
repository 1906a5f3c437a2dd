/** VPNs of statements whose packets the kernel protects, in a Linux of its own, against strongSwan, libreswan and OpenIKED. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { libreswanDaemon } from "../../scripts/system-packages.ts";
import { readSteps, requireUml, runInUml } from "../support/uml.ts";

const child = join(import.meta.dirname, "../support/kernel-vpn-child.ts");

/** Runs a part of the child; answers how to ask what came of a step. */
async function runChild(t: TestContext, part: string): Promise<(step: string, expected: unknown) => void> {
	const script = `exec ${process.execPath} --disable-warning=ExperimentalWarning ${child} ${part}`;
	const { status, output } = await runInUml(t, script, { seconds: 115 });
	const steps = readSteps(output);
	assert.equal(status, 0, output);
	assert.deepEqual(steps.get("stopped"), ["", "", 0, ""], "nothing is left in the kernel");
	return (step, expected) => assert.deepEqual(steps.get(step), expected, output);
}

test("VPNs by the kernel, with strongSwan", async (t) => {
	if (!requireUml(t, ["ping", "charon-systemd", "swanctl"])) return;
	const came = await runChild(t, "strongswan");
	await t.test("the kernel is chosen where it can, and an event says so", () => {
		const fields = { plane: "the kernel", reason: "the kernel can, and the configuration fits" };
		came("plane", [[fields], ["kernel"]]);
	});
	await t.test(
		"B32, B38: strongSwan: traffic brings the tunnel up; extended sequence numbers, ESP as protocol 50",
		() => {
			came("strongSwan, GCM, extended numbers", [2, 0, 2]);
			came("counters", [true, 0, 0]);
		},
	);
	await t.test("B4, B8: new keys by strongSwan lose no echo", () => came("new keys by strongSwan", ["30/30", true]));
	await t.test("B7: keys that are used for some kilobytes are renewed under traffic, none of which is lost", () =>
		came("CBC, new keys by octets", ["100/100", true, true]),
	);
	await t.test("the process of VPNs is killed: what it left is taken away, and the tunnel comes up anew", () =>
		came("killed", [true, 2, 2]),
	);
	await t.test("B45: behind a translation of addresses ESP goes in UDP", () => came("in UDP", [2, "5/5"]));
	await t.test("B38: user space understands a kernel's protocol 50; a commit leads from one plane to the other", () =>
		came("user space", [["user-space"], ""]),
	);
});

test("VPNs by the kernel, with libreswan and OpenIKED", async (t) => {
	if (!requireUml(t, ["ping", "certutil", "iked", libreswanDaemon])) return;
	const came = await runChild(t, "others");
	await t.test("libreswan, with new keys", () => came("libreswan", ["20/20", true]));
	await t.test("OpenIKED", () => came("OpenIKED", ["5/5", 2]));
	await t.test("a VPN that is deleted leaves nothing in the kernel", () => came("deleted", [true, 0]));
});
