import assert from "node:assert/strict";
import { test } from "node:test";
import { plainMemory } from "#base/packet-memory.ts";
import { cipherFault } from "#esp/known-answers.ts";
import { nodeCiphers, type PacketCiphers } from "#esp/packet-cipher.ts";

const broken = (change: Partial<ReturnType<PacketCiphers["open"]>>): PacketCiphers => {
	const right = nodeCiphers(plainMemory(2_000));
	const { memory } = right;
	return {
		memory,
		open: (...words) => {
			const one = right.open(...words);
			const seal = (at: number, end: number, upperHalf: number) => one.seal(at, end, upperHalf);
			const open = (at: number, end: number, upperHalf: number) => one.open(at, end, upperHalf);
			return { seal, open, close: () => one.close(), ...change };
		},
	};
};

test("the known packets come out right with the functions of Node: published and made by the openssl command (B38)", () => {
	assert.equal(cipherFault(nodeCiphers(plainMemory(2_000))), undefined);
});

test("an engine that seals, opens or refuses otherwise is found, and so is one that throws", () => {
	assert.equal(cipherFault(broken({ seal: () => {} })), "AES-256-GCM: it was sealed otherwise");
	assert.equal(cipherFault(broken({ open: () => false })), "AES-256-GCM: it was not opened");
	assert.match(cipherFault(broken({ open: () => true })) ?? "", /^AES-256-GCM: it was opened otherwise/);
	const throwing = broken({
		seal: () => {
			throw new Error("no such cipher");
		},
	});
	assert.equal(cipherFault(throwing), "AES-256-GCM: no such cipher");
});
