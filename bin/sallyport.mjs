#!/usr/bin/env node
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runPinned } from "../scripts/bootstrap.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);
/**
 * The process that holds the configuration reads and checks a large one in bursts: what these leave behind is collected young,
 * or the whole heap is gone through several times for each commit.
 */
const startFlags = args[0] === "start" ? ["--max-semi-space-size=64"] : [];
runPinned(join(root, "src/daemon/cli.ts"), args, startFlags);
