/** The data plane in the kernel, in a Linux of its own that has ESP, against associations that ip(8) of iproute2 made. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { projectRoot } from "../../scripts/source-files.ts";
import { readSteps, requireUml, runInUml } from "../support/uml.ts";

/** Two hosts and a wire between them; the child is one of them. */
const script = `
ip netns add b; ip -n b link set lo up
ip link add va type veth peer name vb netns b
ip addr add 192.0.2.1/24 dev va; ip link set va up; ip addr add 10.1.0.1/24 dev lo
ip -n b addr add 192.0.2.2/24 dev vb; ip -n b link set vb up; ip -n b addr add 10.2.0.1/24 dev lo
ip -n b route add 10.1.0.0/24 via 192.0.2.1 src 10.2.0.1
exec ${process.execPath} --disable-warning=ExperimentalWarning ${join(projectRoot, "test/support/kernel-plane-child.ts")}
`;

test("the kernel protects the packets of a tunnel", async (t) => {
	if (!requireUml(t, ["ping"])) return;
	const { status, output } = await runInUml(t, script, { seconds: 115 });
	const steps = readSteps(output);
	const came = (step: string, expected: unknown) => assert.deepEqual(steps.get(step), expected, output);
	assert.equal(status, 0, output);
	assert.equal(steps.get("peer"), undefined);

	await t.test(
		"B32: it can; a packet without an association is lost and wishes for one, and the next one again",
		() => {
			came("probe", "can");
			came("lost", 1);
			came("wishes", ["wanted v", "wanted v"]);
		},
	);
	await t.test("B37, B38: every cipher with every kind of check value is understood by the other end", () => {
		const suites = [...steps].filter(([step]) => step.startsWith("suite"));
		assert.deepEqual(
			suites.filter(([, result]) => result !== 0),
			[],
		);
		assert.equal(suites.length, 8);
	});
	await t.test("extended sequence numbers", () => came("extended", [0, true]));
	await t.test("B4, B8: new keys under traffic lose nothing", () =>
		came("new keys under traffic", "40 packets transmitted, 40 received"),
	);
	await t.test("B9, B73: what goes by associations is counted and told", () =>
		came("counters", [true, [0x2100], true]),
	);
	await t.test("B7: octets that are used up ask for new keys, and then end the association", () => {
		assert.deepEqual(steps.get("limits"), ["worn 8704", "spent 8704"]);
	});
	await t.test("B45: in UDP, at the port of IKE, whose messages still arrive", () => {
		came("in UDP", 0);
		came("IKE beside it", ["\0\0\0\0a message"]);
	});
	await t.test("B49: a peer that is seen elsewhere is followed with the numbers of its associations", () =>
		came("moved", [true, true, []]),
	);
	await t.test("the outer packets may be of IPv6", () => came("IPv6 outside", true));
	await t.test("what a killed process left is taken away, and what others made stays", () =>
		came("left by a killed process", [6, ["00000099"], false, false]),
	);
	await t.test("everything is taken away at the end", () =>
		came("closed", [["00000099", "00002500", "00002501"], ["00000099"], "", false]),
	);
});
