/**
 * Network namespaces of Linux: hosts of their own for a test or a lab, with wires between them.
 *
 * A namespace lives as long as the process that holds it, and that one ends with the pipe to us: whatever becomes of this
 * process, nothing is left. Without root they are made in a namespace of users, where the system permits that.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import type { TestContext } from "node:test";
import type { Owner } from "./gateway.ts";
import { isRoot, peerPath, requirePeers } from "./peers.ts";

/** A host of its own, as far as the network goes. */
export class Namespace {
	readonly name: string;
	readonly #holder: ChildProcess;

	constructor(name: string, holder: ChildProcess) {
		this.name = name;
		this.#holder = holder;
	}

	get processId(): number {
		return this.#holder.pid ?? 0;
	}

	/** The words of a command, changed so that it runs here. */
	inside(words: readonly string[]): readonly [string, ...string[]] {
		const users = isRoot ? [] : ["--user", "--preserve-credentials"];
		return [peerPath("nsenter"), "--target", String(this.processId), "--net", ...users, "--", ...words];
	}

	/** Runs a command to its end; throws what it says when it fails. Answers its standard output. */
	run(words: readonly string[], input = ""): string {
		const { status, output, errors } = this.try(words, input);
		if (status === 0) return output;
		throw new Error(`${this.name}: ${words.join(" ")} ended with ${status}: ${errors}`);
	}

	/** Runs a command to its end, however that is. */
	try(
		words: readonly string[],
		input = "",
	): { readonly status: number; readonly output: string; readonly errors: string } {
		const [program, ...rest] = this.inside(words);
		const done = spawnSync(program, rest, { input, encoding: "utf8" });
		return { status: done.status ?? -1, output: done.stdout, errors: done.stderr };
	}

	/** Several commands of `ip`, one a line; empty lines are left out. */
	ip(...commands: readonly string[]): void {
		this.run([peerPath("ip"), "-batch", "-"], `${commands.join("\n")}\n`);
	}

	/** Sets values of /proc/sys/net, by names such as `ipv4/ip_forward`. */
	sysctl(values: Readonly<Record<string, number>>): void {
		const lines = Object.entries(values).map(([name, value]) => `echo ${value} > /proc/sys/net/${name}`);
		this.run(["/bin/sh", "-ec", lines.join("\n")]);
	}

	async end(): Promise<void> {
		if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
		this.#holder.ref();
		this.#holder.kill("SIGKILL");
		await once(this.#holder, "exit");
	}
}

/** Namespaces of these names, with their loopback up; they go with their owner. */
export async function makeNamespaces(owner: Owner, names: readonly string[]): Promise<readonly Namespace[]> {
	const made: Namespace[] = [];
	for (const name of names) {
		const namespace = new Namespace(name, await hold(made[0]));
		owner.after(() => namespace.end());
		namespace.ip("link set lo up");
		// Link-local addresses are good at once.
		namespace.sysctl({ "ipv6/conf/default/accept_dad": 0 });
		made.push(namespace);
	}
	return made;
}

/** Two ends of a wire: the device and its addresses with the lengths of their prefixes. */
export interface WireEnd {
	readonly namespace: Namespace;
	readonly device: string;
	readonly addresses: readonly string[];
}

export function connect(one: WireEnd, other: WireEnd): void {
	const target = String(other.namespace.processId);
	one.namespace.ip(`link add ${one.device} type veth peer name ${other.device} netns ${target}`);
	for (const { namespace, device, addresses } of [one, other]) {
		namespace.ip(
			...addresses.map((address) => `address add ${address} dev ${device}${address.includes(":") ? " nodad" : ""}`),
			`link set ${device} up`,
		);
	}
}

/** True when namespaces can be made here; otherwise the test is skipped with the reason, or fails with CI=true. */
export function requireNamespaces(t: Pick<TestContext, "skip">, peers: readonly string[] = []): boolean {
	if (!requirePeers(t, ["unshare", "nsenter", "ip", ...peers])) return false;
	const done = spawnSync(peerPath("unshare"), [...unshareWords(), "true"], { encoding: "utf8" });
	if (done.status === 0) return true;
	const message = `network namespaces cannot be made here: ${done.stderr.trim()}; run the test as root, or permit user namespaces`;
	if (process.env.CI === "true") throw new Error(message);
	t.skip(message);
	return false;
}

/** The process that holds a namespace. All of them are in the namespace of users of the first. */
async function hold(first: Namespace | undefined): Promise<ChildProcess> {
	// `cat` ends when the pipe of its input does.
	const holding = ["/bin/sh", "-c", "echo made; exec cat > /dev/null"];
	const words =
		first === undefined
			? [peerPath("unshare"), ...unshareWords(), ...holding]
			: first.inside([peerPath("unshare"), "--net", ...holding]);
	const holder = spawn(words[0] as string, words.slice(1), { stdio: ["pipe", "pipe", "pipe"] });
	let errors = "";
	holder.stderr.on("data", (chunk: Buffer) => {
		errors += chunk;
	});
	const made = once(holder.stdout, "data");
	const ended = once(holder, "exit").then(() => {
		throw new Error(`a network namespace cannot be made: ${errors}`);
	});
	await Promise.race([made, ended]);
	ended.catch(() => undefined);
	holder.unref();
	// A test that forgets its namespace still ends.
	for (const pipe of [holder.stdin, holder.stdout, holder.stderr]) (pipe as Socket).unref();
	return holder;
}

function unshareWords(): readonly string[] {
	return isRoot ? ["--net"] : ["--map-root-user", "--net"];
}
