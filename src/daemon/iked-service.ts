/**
 * `iked` as part of `managed`: started when a configuration has VPNs, told each further one, started again when it dies,
 * asked what stands. What cannot be run does not keep a commit from being done: it is told, and tried again now and then.
 */
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import { openLinux } from "#base/linux-shell.ts";
import { EapTlsDesk } from "#daemon/eap-tls-desk.ts";
import { IkeKeyLog } from "#daemon/ike-key-log.ts";
import { signForIke } from "#daemon/ike-signing-desk.ts";
import type { FromIked, IkedClear, ToIked } from "#daemon/iked-protocol.ts";
import { noPeerTrust, type PeerTrust, peerTrust } from "#daemon/peer-trust.ts";
import { resolveGateways, type VpnConfig, type VpnSources, vpnFacts } from "#daemon/vpn-facts.ts";
import type { FetchedListFacts } from "#daemon/worker-protocol.ts";
import type { PlaneNote } from "#esp/data-plane.ts";
import { clearKernelLeftovers } from "#esp/kernel-plane-shell.ts";
import { mayChangePacketFilter } from "#firewall/apply-shell.ts";
import type { ConnectionGap } from "#ike/compile-connections.ts";
import { clearTunnelRoutes } from "#ike/ip-command-shell.ts";
import type { PackedConnection } from "#ike/packed-connection.ts";
import type { TraceFilePlan } from "#ike/trace-plan.ts";
import { spiText } from "#ike/v2/child-sa.ts";
import type { ReportKind } from "#ike/v2/engine-event.ts";
import { type CompiledVpns, compileVpns, isEmptyPlan, type VpnPlan } from "#ike/vpn-plan.ts";
import type { VpnsState } from "#ike/vpn-state.ts";
import { type GatewayEvent, gatewayEvent } from "#telemetry/event-table.ts";
import { TraceWriter } from "#telemetry/trace-writer-shell.ts";

export interface IkedServicePorts {
	sources(): Pick<VpnSources, "store" | "trust"> & {
		/** Revocation lists that the operator loaded, DER. */
		readonly loadedCrls: readonly Uint8Array[];
	};
	/** A list was fetched for a peer. */
	readonly listFetched: (list: FetchedListFacts) => void;
	readonly event: (event: GatewayEvent) => void;
	readonly log: Logger;
	/** Where the trace file lies. */
	readonly logDirectory: string;
	/** Where the key log is made. */
	readonly stateDirectory: string;
	readonly now: () => number;
}

/** Calls of `apply` and `look` must not overlap. */
export class IkedService {
	readonly #ports: IkedServicePorts;
	#child: ChildProcess | undefined;
	#config: VpnConfig | undefined;
	#compiled: CompiledVpns | undefined;
	/** What the process was told last. */
	#plan: VpnPlan | undefined;
	#trust: PeerTrust = noPeerTrust;
	readonly #keyLog: IkeKeyLog;
	#isLoggingKeys = false;
	#revision = 0;
	#configured: ((problems: readonly ConnectionGap[]) => void) | undefined;
	readonly #questions = new Map<number, (state: VpnsState) => void>();
	#nextQuestion = 1;
	/** What is not run, as it was last told. */
	#told: ReadonlySet<string> = new Set();
	#hasProblems = false;
	#startedAt = 0;
	#isStopping = false;
	readonly #eapTls = new EapTlsDesk();
	#traceWriter: TraceWriter | undefined;

	constructor(ports: IkedServicePorts) {
		this.#ports = ports;
		this.#keyLog = new IkeKeyLog(ports.stateDirectory);
	}

	get processId(): number | undefined {
		return this.#child?.pid;
	}

	/** Takes away what a gateway left that was killed. */
	async start(): Promise<void> {
		if (!mayChangePacketFilter()) return;
		const count = await clearTunnelRoutes();
		if (count > 0) this.#event(gatewayEvent("TUNNEL_ROUTES_CLEARED", this.#ports.now(), { count }));
		const states = await clearKernel();
		if (states > 0) this.#event(gatewayEvent("KERNEL_TUNNELS_CLEARED", this.#ports.now(), { count: states }));
	}

	/** Puts the VPNs of a configuration in force. Never rejects. */
	async apply(config: VpnConfig): Promise<void> {
		this.#config = config;
		const compiled = await this.#compile(config);
		this.#useTraceFile(compiled.traceFile);
		this.#compiled = compiled;
		this.#tellKeyLog(compiled.plan.danger_logsKeys);
		const problems = await this.#run(compiled, this.#trustOf(config, compiled));
		this.#tell([...compiled.gaps, ...problems]);
	}

	/** Tries again what could not be run. Called now and then. */
	async look(): Promise<void> {
		if (this.#config !== undefined && this.#hasProblems) await this.apply(this.#config);
	}

	/** What stands; undefined while no process runs. */
	state(): Promise<VpnsState | undefined> {
		const child = this.#child;
		if (child === undefined) return Promise.resolve(undefined);
		const question = this.#nextQuestion++;
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => settle(() => reject(new Error("the process of VPNs does not answer"))), answerMs);
			const settle = (done: () => void) => {
				clearTimeout(timer);
				this.#questions.delete(question);
				done();
			};
			this.#questions.set(question, (state) => settle(() => resolve(state)));
			tell(child, { type: "show", question });
		});
	}

	/** Every revocation list and answer is fetched again. */
	forgetFetched(): void {
		if (this.#child !== undefined) tell(this.#child, { type: "forget-fetched" });
	}

	clear(order: IkedClear): void {
		if (this.#child !== undefined) tell(this.#child, { type: "clear", order });
	}

	/** Resolves when nothing runs any more. */
	async stop(): Promise<void> {
		this.#isStopping = true;
		await this.#end();
		if (!mayChangePacketFilter()) return;
		await clearTunnelRoutes();
		await clearKernel();
	}

	async #compile(config: VpnConfig): Promise<CompiledVpns> {
		const resolved = await resolveGateways(config);
		return compileVpns(config, vpnFacts(config, { ...this.#ports.sources(), resolved }));
	}

	#tellKeyLog(isOn: boolean): void {
		if (isOn === this.#isLoggingKeys) return;
		this.#isLoggingKeys = isOn;
		const { path: file } = this.#keyLog;
		this.#event(gatewayEvent(isOn ? "IKE_KEY_LOG_ON" : "IKE_KEY_LOG_OFF", this.#ports.now(), { file }));
	}

	/** Peers with pre-shared keys need none. */
	#trustOf(config: VpnConfig, { plan }: CompiledVpns): PeerTrust {
		if (!plan.connections.some(judgesCertificates)) return noPeerTrust;
		const { trust, loadedCrls } = this.#ports.sources();
		return peerTrust(config, trust, loadedCrls);
	}

	#useTraceFile({ name, ...plan }: TraceFilePlan): void {
		if (isDeepStrictEqual(this.#compiled?.traceFile, { name, ...plan })) return;
		this.#traceWriter = new TraceWriter({ ...plan, path: join(this.#ports.logDirectory, name) });
	}

	/** Answers what could not be run. */
	async #run({ plan }: CompiledVpns, trust: PeerTrust): Promise<readonly ConnectionGap[]> {
		if (isEmptyPlan(plan)) {
			await this.#end();
			return [];
		}
		if (!mayChangePacketFilter()) return plan.tunnels.flatMap(({ vpns }) => vpns.map(({ name }) => gap(name)));
		const isTold = isDeepStrictEqual(plan, this.#plan) && isDeepStrictEqual(trust, this.#trust);
		if (this.#child !== undefined && !this.#hasProblems && isTold) return [];
		this.#plan = plan;
		this.#trust = trust;
		const child = this.#child ?? this.#launch();
		const revision = ++this.#revision;
		return await new Promise((resolve) => {
			const timer = setTimeout(
				() => resolve([{ vpn: "all", reason: "the process of VPNs does not answer" }]),
				configureMs,
			);
			this.#configured = (problems) => {
				clearTimeout(timer);
				resolve(problems);
			};
			tell(child, { type: "configure", revision, plan, trust });
		});
	}

	#launch(): ChildProcess {
		const child = fork(join(import.meta.dirname, "iked.ts"), [], {
			serialization: "advanced",
			stdio: ["ignore", "inherit", "inherit", "ipc"],
		});
		this.#child = child;
		this.#startedAt = this.#ports.now();
		child.on("message", (message: FromIked) => this.#hear(child, message));
		child.on("error", (error) =>
			this.#ports.log.error({ cause: error.message }, "channel to the process of VPNs failed"),
		);
		child.on("exit", (code, signal) =>
			this.#ended(child, signal === null ? `exit status ${code}` : `signal ${signal}`),
		);
		this.#event(gatewayEvent("IKED_STARTED", this.#startedAt, { processId: child.pid ?? 0 }));
		return child;
	}

	#hear(child: ChildProcess, message: FromIked): void {
		switch (message.type) {
			case "configured":
				if (message.revision === this.#revision) this.#configured?.(message.problems);
				return;
			case "failed":
				return this.#configured?.([{ vpn: "all", reason: message.reason }]);
			case "state":
				return this.#questions.get(message.question)?.(message.state);
			case "sign": {
				const signers = this.#compiled?.signers ?? new Map();
				const signature = signForIke(message, signers, this.#ports.sources().store);
				return tell(child, { type: "signed", request: message.request, signature });
			}
			case "tls": {
				const { signers = new Map(), plan } = this.#compiled ?? {};
				const anchors = anchorsOf(plan, message.connection);
				this.#eapTls.take(message, signers, this.#ports.sources().store, anchors).then(
					(answer) => tell(child, { type: "tls-answered", request: message.request, answer }),
					(error) => this.#ports.log.error({ cause: String(error) }, "TLS of a user of a VPN failed"),
				);
				return;
			}
			case "list-fetched":
				return this.#ports.listFetched(message.list);
			case "told":
				return this.#event(planeEvent(message.note, this.#ports.now()));
			case "plane-chosen":
				return this.#event(
					gatewayEvent("VPN_DATA_PLANE", this.#ports.now(), {
						plane: message.plane === "kernel" ? "the kernel" : "user space",
						reason: message.reason,
					}),
				);
			case "kernel-cleared":
				return this.#event(gatewayEvent("KERNEL_TUNNELS_CLEARED", this.#ports.now(), { count: message.count }));
			case "monitored": {
				const id = message.isUp ? "VPN_MONITOR_UP" : "VPN_MONITOR_DOWN";
				return this.#event(gatewayEvent(id, this.#ports.now(), { vpn: message.vpn, detail: message.text }));
			}
			case "danger-keys":
				// One that was taken over may say what it likes: only what the configuration asks for is written.
				if (this.#plan?.danger_logsKeys === true && isTableLine(message.line)) this.#keyLog.write(message.line);
				return;
			case "trace":
				return this.#traceWriter?.write(message.text, this.#ports.now());
			case "report":
				return this.#event(reportEvent(message.what, message.connection, message.text, this.#ports.now()));
		}
	}

	#ended(child: ChildProcess, reason: string): void {
		if (this.#child !== child) return;
		this.#child = undefined;
		this.#eapTls.clear();
		this.#configured?.([{ vpn: "all", reason: `the process of VPNs ended: ${reason}` }]);
		if (this.#isStopping) return;
		const { now, event, log } = this.#ports;
		event(gatewayEvent("IKED_DIED", now(), { processId: child.pid ?? 0, reason }));
		const delay = now() - this.#startedAt < shortLifeMs ? restartDelayMs : 0;
		setTimeout(() => {
			if (this.#isStopping || this.#child !== undefined || this.#compiled === undefined) return;
			this.#run(this.#compiled, this.#trust).catch((error) =>
				log.error({ cause: String(error) }, "the process of VPNs did not start"),
			);
		}, delay);
	}

	async #end(): Promise<void> {
		const child = this.#child;
		if (child === undefined) return;
		this.#child = undefined;
		const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
		tell(child, { type: "stop" });
		const timer = setTimeout(() => child.kill("SIGKILL"), stopMs);
		await ended;
		clearTimeout(timer);
	}

	#tell(problems: readonly ConnectionGap[]): void {
		this.#hasProblems = problems.length > 0;
		const told = new Set<string>();
		for (const { vpn, reason } of problems) {
			const key = `${vpn}: ${reason}`;
			if (!this.#told.has(key) && !told.has(key))
				this.#event(gatewayEvent("VPN_NOT_RUN", this.#ports.now(), { vpn, reason }));
			told.add(key);
		}
		this.#told = told;
	}

	#event(event: GatewayEvent): void {
		this.#ports.event(event);
	}
}

function judgesCertificates({ remoteAuthentication: one }: PackedConnection): boolean {
	return one.kind === "certificate" || (one.kind === "eap" && one.certificates !== undefined);
}

/** Who vouches for the users of a connection, DER. */
function anchorsOf(plan: VpnPlan | undefined, connection: string): readonly Uint8Array[] {
	const users = plan?.connections.find(({ name }) => name === connection)?.remoteAuthentication;
	return users?.kind === "eap" ? (users.certificates?.anchors ?? []) : [];
}

/** Answers how many things of tunnels there were in the kernel. */
async function clearKernel(): Promise<number> {
	try {
		return clearKernelLeftovers(await openLinux());
	} catch {
		// Where the C library cannot be called nothing was left: the process of VPNs could not run either.
		return 0;
	}
}

function tell(child: ChildProcess, message: ToIked): void {
	if (child.connected) child.send(message, () => undefined);
}

function reportEvent(what: ReportKind, gateway: string, text: string, now: number): GatewayEvent {
	switch (what) {
		case "ike-established":
			return gatewayEvent("IKE_ESTABLISHED", now, { gateway, detail: text });
		case "peer-silent":
			return gatewayEvent("IKE_PEER_DEAD", now, { gateway, detail: text });
		case "ike-closed":
			return gatewayEvent("IKE_CLOSED", now, { gateway, detail: text });
		case "ike-failed":
		case "child-failed":
			return gatewayEvent("IKE_NEGOTIATION_FAILED", now, { gateway, reason: text });
		case "child-established":
			return gatewayEvent("VPN_TUNNEL_UP", now, { gateway, detail: text });
		case "child-closed":
			return gatewayEvent("VPN_TUNNEL_DOWN", now, { gateway, detail: text });
		case "ike-rekeyed":
		case "child-rekeyed":
			return gatewayEvent("VPN_REKEYED", now, { gateway, detail: text });
	}
}

function planeEvent(note: PlaneNote, now: number): GatewayEvent {
	switch (note.what) {
		case "failed":
			return gatewayEvent("ESP_PLANE_FAILED", now, { reason: note.reason });
		case "slow-ciphers":
			return gatewayEvent("ESP_CIPHERS_SLOW", now, { reason: note.reason });
		case "refused":
			return gatewayEvent("ESP_ASSOCIATION_REFUSED", now, { spi: spiText(note.inboundSpi), reason: note.reason });
		case "unknown-spi":
			return gatewayEvent("ESP_UNKNOWN_SPI", now, { packets: note.packets, spi: spiText(note.spi) });
	}
}

function isTableLine(line: string): boolean {
	return line.length < longestTableLine && /^[0-9a-f]+,[ -~]+$/.test(line);
}

function gap(vpn: string): ConnectionGap {
	const reason = "this process may not make tunnel interfaces; run the gateway as root or with CAP_NET_ADMIN";
	return { vpn, reason };
}

const longestTableLine = 1_024;
const answerMs = 5_000;
const configureMs = 20_000;
const stopMs = 4_000;
const shortLifeMs = 1_000;
const restartDelayMs = 1_000;
