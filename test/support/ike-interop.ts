/** One run of the engine of IKE against strongSwan, told from a test. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { EngineEvent } from "#ike/v2/engine-event.ts";
import type { EngineCommand, EngineOptions, EngineState } from "./ike-engine-child.ts";
import { peerPath } from "./peers.ts";

/** Starts both ends; they end with the test. */
export async function startRun(t: TestContext, options: EngineOptions) {
	const folder = mkdtempSync(join(tmpdir(), "ike-"));
	const script = join(import.meta.dirname, "ike-engine-child.ts");
	// Somebody who is not root is root in a namespace of users of its own.
	const namespaces = process.getuid?.() === 0 ? "-n" : "-rn";
	const child = spawn(peerPath("unshare"), [namespaces, process.execPath, script, folder, JSON.stringify(options)], {
		stdio: ["ignore", "inherit", "inherit", "ipc"],
	});
	t.after(async () => {
		if (child.connected) child.disconnect();
		await ended(child);
		rmSync(folder, { recursive: true, force: true });
	});
	const ask = asker(child);
	await ask.ready;
	const state = () => ask.command({ type: "state" }) as Promise<EngineState & { readonly log: string }>;
	return {
		state,
		give: (event: EngineEvent) => ask.command({ type: "event", event }),
		swanctl: (...words: readonly string[]) => ask.command({ type: "swanctl", words }) as Promise<string>,
		/** How many octets came back right through the tunnel. */
		echo: (octets: number) => ask.command({ type: "echo", octets }) as Promise<number>,
		/** Waits until what stands is as it should be. */
		async until(what: string, holds: (state: EngineState) => boolean): Promise<EngineState> {
			for (let waited = 0; waited < 15_000; waited += 50) {
				const now = await state();
				if (holds(now)) return now;
				await sleep(50);
			}
			const { reports, phases, log } = await state();
			throw new Error(`${what} did not come to pass; reports ${reports.join("; ")}; phases ${phases}\n${log}`);
		},
	};
}

function asker(child: ChildProcess) {
	const waiting = new Map<number, (answer: unknown) => void>();
	let next = 1;
	const { promise: ready, resolve, reject } = Promise.withResolvers<unknown>();
	waiting.set(0, resolve);
	child.on("error", reject);
	child.on("exit", (code) => reject(new Error(`the engine's process ended with ${code}`)));
	child.on("message", ({ id, answer }: { readonly id: number; readonly answer: unknown }) => {
		waiting.get(id)?.(answer);
		waiting.delete(id);
	});
	const command = (one: EngineCommand) =>
		new Promise<unknown>((take) => {
			const id = next++;
			waiting.set(id, take);
			child.send({ id, command: one });
		});
	return { ready, command };
}

function ended(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
	return new Promise((resolve) => child.once("exit", () => resolve()));
}
