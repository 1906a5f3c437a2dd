import assert from "node:assert/strict";
import { createCipheriv } from "node:crypto";
import { test } from "node:test";
import { concat } from "#base/bytes.ts";
import { type BulkCipher, openSealed } from "#tls/open-sealed.ts";

const ciphers: readonly (readonly [BulkCipher, number])[] = [
	["aes-128-gcm", 16],
	["aes-256-gcm", 32],
	["chacha20-poly1305", 32],
];

for (const [name, keyOctets] of ciphers) {
	test(`${name}: what was sealed is opened, and not after any change`, () => {
		const [key, nonce, additional] = [new Uint8Array(keyOctets).fill(1), new Uint8Array(12), Buffer.from("more")];
		const cipher = createCipheriv(name as "chacha20-poly1305", key, nonce, { authTagLength: 16 });
		cipher.setAAD(additional, { plaintextLength: 5 });
		const sealed = concat([cipher.update("hello"), cipher.final(), cipher.getAuthTag()]);
		const opened = openSealed(name, key, nonce, additional, sealed);
		assert.equal(Buffer.from(opened ?? []).toString(), "hello");
		for (let at = 0; at < sealed.length; at++) {
			const changed = sealed.slice();
			changed[at] = (changed[at] as number) ^ 1;
			assert.equal(openSealed(name, key, nonce, additional, changed), undefined);
		}
		assert.equal(openSealed(name, key, nonce, Buffer.from("less"), sealed), undefined);
		assert.equal(openSealed(name, key, nonce, additional, sealed.subarray(0, 15)), undefined);
	});
}
