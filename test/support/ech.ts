/** Encrypted ClientHello for tests: lists of keys, and the extension as a client sends it. Nothing in it is encrypted. */
import { Writer } from "#base/bytes.ts";
import { extensionType } from "#tls/extension-types.ts";

/** An ECHConfigList of one key: X25519, HKDF-SHA256 with AES-128-GCM. */
export function echConfigList(publicName: string, configId = 7): Uint8Array {
	return new Writer()
		.prefixed(2, (list) =>
			list.u16(0xfe0d).prefixed(2, (body) => {
				body.u8(configId).u16(0x20);
				body.prefixed(2, (key) => key.bytes(new Uint8Array(32).fill(1)));
				body.prefixed(2, (suites) => suites.u16(1).u16(1));
				body.u8(64).prefixed(1, (name) => name.bytes(Buffer.from(publicName, "latin1")));
				body.u16(0);
			}),
		)
		.finish();
}

/** The outer extension that a client sends for the key of that ID, or for none (GREASE). */
export function echExtension(configId: number): [number, Uint8Array] {
	const body = new Writer().u8(0).u16(1).u16(1).u8(configId);
	body.prefixed(2, (key) => key.bytes(new Uint8Array(32).fill(2)));
	body.prefixed(2, (payload) => payload.bytes(new Uint8Array(144).fill(3)));
	return [extensionType.encryptedClientHello, body.finish()];
}
