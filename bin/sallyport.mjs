#!/usr/bin/env node
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runPinned } from "../scripts/bootstrap.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
runPinned(join(root, "src/daemon/cli.ts"), process.argv.slice(2));
