/** Runs ip(8) of iproute2 for tunnel interfaces and the routes over them. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { routeProtocol } from "#ike/tunnel-commands.ts";

/** Runs commands, one a line, all of them whatever becomes of each. Resolves to what `ip` complains of. */
export async function runIpCommands(lines: readonly string[]): Promise<readonly string[]> {
	if (lines.length === 0) return [];
	const { errors } = await ip(["-force", "-batch", "-"], `${lines.join("\n")}\n`);
	return errors.split("\n").filter((line) => line !== "" && !line.startsWith("Command failed -:"));
}

/** Takes away every route that this product set, whoever left it. Resolves to how many there were. */
export async function clearTunnelRoutes(): Promise<number> {
	let count = 0;
	for (const family of ["-4", "-6"]) {
		const { output } = await ip([family, "route", "show", "proto", String(routeProtocol)]);
		const routes = output.split("\n").filter((line) => line.trim() !== "");
		count += routes.length;
		if (routes.length > 0) await ip([family, "route", "flush", "proto", String(routeProtocol)]);
	}
	return count;
}

/** No link-local address of IPv6 on a device, where it has no address of that family: nobody asks through the tunnel for routers. */
export function withoutLinkLocal(device: string): void {
	try {
		writeFileSync(`/proc/sys/net/ipv6/conf/${device}/addr_gen_mode`, "1");
	} catch {
		// A host without IPv6 has nothing to switch off.
	}
}

function ip(words: readonly string[], input = ""): Promise<{ readonly output: string; readonly errors: string }> {
	return new Promise((resolve) => {
		const child = execFile(
			"ip",
			words,
			{ env: { ...process.env, LC_ALL: "C" }, timeout: runMs },
			(error, output, errors) =>
				resolve({ output, errors: error !== null && errors === "" ? `ip: ${error.message}` : errors }),
		);
		// A program that is not there takes no input; the callback tells.
		child.stdin?.on("error", () => {});
		child.stdin?.end(input);
	});
}

const runMs = 10_000;
