import assert from "node:assert/strict";
import { test } from "node:test";
import { settingIds } from "#http/http2-frame.ts";
import { AllowedSettings } from "#http/http2-settings.ts";

const { headerTableSize, enablePush, initialWindowSize, maxFrameSize, enableConnectProtocol } = settingIds;
const limits = { most: new Map([[headerTableSize, 100]]), always: new Map([[enablePush, 0]]) };

test("values are narrowed and what is always said is added once", () => {
	const allowed = new AllowedSettings(limits);
	assert.deepEqual(allowed.narrow([{ id: headerTableSize, value: 4_096 }]), [
		{ id: headerTableSize, value: 100 },
		{ id: enablePush, value: 0 },
	]);
	const same = [{ id: headerTableSize, value: 50 }];
	assert.equal(allowed.narrow(same), same);
});

test("a table's size comes into force with the answer to its own settings", () => {
	const allowed = new AllowedSettings(limits);
	allowed.narrow([]);
	allowed.narrow([{ id: headerTableSize, value: 70 }]);
	assert.deepEqual([allowed.acknowledged(), allowed.acknowledged(), allowed.acknowledged()], [-1, 70, undefined]);
});

test("what concerns streams is remembered", () => {
	const allowed = new AllowedSettings(limits);
	allowed.narrow([
		{ id: initialWindowSize, value: 7 },
		{ id: maxFrameSize, value: 20_000 },
		{ id: enableConnectProtocol, value: 1 },
	]);
	assert.deepEqual([allowed.initialWindow, allowed.maxFrameOctets, allowed.mayExtendConnect], [7, 20_000, true]);
});

test("settings that nobody answers are not taken without end", () => {
	const allowed = new AllowedSettings(limits);
	for (let count = 0; count < 32; count++) assert.notEqual(allowed.narrow([]), undefined);
	assert.equal(allowed.narrow([]), undefined);
	allowed.acknowledged();
	assert.notEqual(allowed.narrow([]), undefined);
});
