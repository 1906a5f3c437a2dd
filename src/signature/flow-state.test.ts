import assert from "node:assert/strict";
import { test } from "node:test";
import { FlowState } from "#signature/flow-state.ts";
import { signatureOf } from "../../test/support/signatures.ts";

function ask(state: FlowState, options: string): boolean {
	const { flowBits, flowIntegers } = signatureOf(options);
	return state.holds(flowBits, flowIntegers);
}

function act(state: FlowState, options: string): void {
	const { flowBits, flowIntegers } = signatureOf(options);
	state.apply(flowBits, flowIntegers);
}

test("bits are set, unset, toggled and asked for", () => {
	const state = new FlowState();
	assert.deepEqual([ask(state, "flowbits:isset,a;"), ask(state, "flowbits:isnotset,a;")], [false, true]);
	act(state, "flowbits:set,a;");
	assert.deepEqual([ask(state, "flowbits:isset,a;"), ask(state, "flowbits:isset,b|a;")], [true, true]);
	assert.equal(ask(state, "flowbits:isset,a; flowbits:isset,b;"), false);
	act(state, "flowbits:toggle,a; flowbits:toggle,b;");
	assert.deepEqual(state.bits, ["b"]);
	act(state, "flowbits:unset,b;");
	assert.equal(ask(state, "flowbits:isnotset,b|c;"), true);
});

test("asking sets nothing", () => {
	const state = new FlowState();
	ask(state, "flowbits:set,a; flowint:n,+,1;");
	assert.deepEqual([state.bits, ask(state, "flowint:n,isset;")], [[], false]);
});

test("counters are counted and compared with numbers and each other", () => {
	const state = new FlowState();
	assert.equal(ask(state, "flowint:n,notset;"), true);
	act(state, "flowint:n,+,1; flowint:n,+,2; flowint:most,=,3;");
	for (const [condition, holds] of [
		["n,==,3", true],
		["n,>,2", true],
		["n,<,3", false],
		["n,>=,most", true],
		["n,<=,2", false],
		["n,!=,4", true],
		["none,>,0", false],
	] as const)
		assert.equal(ask(state, `flowint:${condition};`), holds, condition);
	act(state, "flowint:n,-,9;");
	assert.equal(ask(state, "flowint:n,==,0;"), true);
});

test("there is an end to the bits and counters of one connection", () => {
	const state = new FlowState();
	for (let index = 0; index < 300; index++) {
		state.apply([{ command: "set", names: [`b${index}`] }], [{ name: `n${index}`, operator: "=", value: 1 }]);
	}
	assert.equal(state.bits.length, 256);
	assert.equal(ask(state, "flowint:n299,isset;"), false);
});
