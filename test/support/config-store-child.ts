/**
 * Commits once to a configuration store and is killed just before the change of the disk whose number is given.
 * Started by the store's test: directory, number, serial, what to do.
 */
import { ConfigurationStore } from "#config/store-shell.ts";

const [directory = "", killAt = "", serial = "", what = "commit"] = process.argv.slice(2);
let changes = 0;
const store = new ConfigurationStore(directory, () => {
	changes++;
	if (changes === Number(killAt)) process.kill(process.pid, "SIGKILL");
});
const record = { serial: Number(serial), time: 1, user: "root", via: "cli" };
if (what === "commit") store.commit(`new ${"x".repeat(200_000)} end\n`, record);
else if (what === "confirm") store.rewriteRecord(record);
else store.saveRescue("new rescue\n", record);
process.stdout.write(`done after ${changes}\n`);
