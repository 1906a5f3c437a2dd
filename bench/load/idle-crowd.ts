/**
 * A process of clients that say nothing: `idle-crowd.ts PORT HOST COUNT CA-FILE`. Tells `{ open }` when all have shaken hands, and
 * `{ livedMs }` of each that is closed by the gateway.
 */
import { readFileSync } from "node:fs";
import { idleClients } from "../../test/support/crowd.ts";

const [, , port = "0", host = "", count = "0", caFile = ""] = process.argv;
const target = { port: Number(port), ca: readFileSync(caFile, "utf8"), host };
const tell = (message: unknown) => process.send?.(message);
const lanes = 16;

const clients = await idleClients(target, Number(count), lanes, (livedMs) => tell({ livedMs }));
tell({ open: clients.length });
process.on("message", () => process.exit(0));
process.on("disconnect", () => process.exit(0));
