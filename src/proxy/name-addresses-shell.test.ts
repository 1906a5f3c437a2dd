import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, parseAddress } from "#base/address.ts";
import { fault } from "#base/fault.ts";
import { NameAddresses } from "#proxy/name-addresses-shell.ts";
import type { Resolution } from "#proxy/resolver-shell.ts";

test("V22 N4: as many names as may be are asked for at a time; who comes then gets no answer", () => {
	const waiting: ((resolution: Resolution) => void)[] = [];
	const names = new NameAddresses({ resolve: (_name, _now, answer) => void waiting.push(answer) });
	const answers: (readonly Address[] | undefined)[] = [];
	const find = (name: string) => names.find(name, (addresses) => answers.push(addresses));
	for (let at = 0; at < 40; at++) find(`n${at}.test`);
	assert.deepEqual([waiting.length, answers], [32, new Array(8).fill(undefined)]);
	const address = parseAddress("192.0.2.1") as Address;
	waiting[0]?.({ kind: "resolved", addresses: [address] });
	waiting[1]?.({ kind: "failed", fault: fault("SERVER_NAME_UNRESOLVED", "no address") });
	assert.deepEqual(answers.slice(8), [[address], undefined]);
	find("later.test");
	assert.equal(waiting.length, 33);
});
