/**
 * Changes a key store and is killed just before the change of the disk whose number is given.
 * Started by the store's test: directory, number, passphrase file before and after ("-" for none), what to do.
 */
import { generateKeyPairSync } from "node:crypto";
import { KeyStore } from "#pki/key-store-shell.ts";

const [directory = "", killAt = "", before = "-", after = "-", what = ""] = process.argv.slice(2);
const settings = (file: string) => ({ isPersistent: true, passphraseFile: file === "-" ? undefined : file });
let changes = 0;
let counts = what === "open";
const store = new KeyStore(directory, settings(before), 1, {
	cost: { memoryKib: 64, passes: 1, parallelism: 1 },
	before: () => {
		if (!counts) return;
		changes++;
		if (changes === Number(killAt)) process.kill(process.pid, "SIGKILL");
	},
});
counts = true;
if (what === "protect") store.protect(settings(after));
if (what === "put") {
	const { privateKey: key } = generateKeyPairSync("ed25519");
	store.change({ put: [{ id: "new", created: 1, isExportable: false, certificates: [], key }], remove: ["old"] });
}
process.stdout.write(`done after ${changes}\n`);
