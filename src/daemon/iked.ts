/** The process of VPNs: IKE, ESP and tunnel interfaces. Started and told what to run by `managed`, which holds the private keys. */
import type { Linux } from "#base/linux.ts";
import { openLinux } from "#base/linux-shell.ts";
import type { FromIked, ToIked } from "#daemon/iked-protocol.ts";
import { PeerRevocation } from "#daemon/peer-revocation.ts";
import { VpnEngine } from "#daemon/vpn-engine.ts";
import type { DataPlane, PlaneEvents, PlaneKind } from "#esp/data-plane.ts";
import { clearKernelLeftovers, openKernelPlane, probeKernel } from "#esp/kernel-plane-shell.ts";
import { UserSpacePlane } from "#esp/user-space-plane-shell.ts";
import { danger_decryptionLine } from "#ike/decryption-table.ts";
import type { TlsAnswer } from "#ike/eap/eap-tls-server.ts";
import { crlFacts } from "#pki/crl-text.ts";

const revocation = new PeerRevocation((url, crl) => send({ type: "list-fetched", list: { url, ...crlFacts(crl) } }));
const waiting = new Map<number, (signature: Uint8Array | undefined) => void>();
const handshakes = new Map<number, (answer: TlsAnswer) => void>();
let nextRequest = 1;
/** One configuration after another. */
let turn: Promise<unknown> = Promise.resolve();

const engine: Promise<VpnEngine> = openLinux()
	.then(clearLeftovers)
	.then(
		(linux) =>
			new VpnEngine(linux, (events, kind) => openPlane(linux, events, kind), {
				sign: (connection, scheme, octets) =>
					new Promise((resolve) => {
						const request = nextRequest++;
						waiting.set(request, resolve);
						send({ type: "sign", request, connection, scheme: scheme.name, octets });
					}),
				tls: (session, connection, input, isFirst) =>
					new Promise((resolve) => {
						const request = nextRequest++;
						handshakes.set(request, resolve);
						send({ type: "tls", request, session, connection, input, isFirst });
					}),
				checkPeer: (path, isAgain) => revocation.check(path, isAgain),
				danger_logKeys(_connection, association) {
					const line = danger_decryptionLine(association);
					if (line !== undefined) send({ type: "danger-keys", line });
				},
				report: (what, connection, text) => send({ type: "report", what, connection, text }),
				kernelRefusal: () => probeKernel(linux),
				planeChosen: ({ kind, reason }) => send({ type: "plane-chosen", plane: kind, reason }),
				told: (note) => send({ type: "told", note }),
				monitored: (vpn, isUp, text) => send({ type: "monitored", vpn, isUp, text }),
				trace: (text) => send({ type: "trace", text }),
			}),
	);
process.on("message", (message: ToIked) => {
	engine.then((one) => hear(one, message), fail);
});
// Without `managed` nobody could change or end anything. What refuses the tunnels' traffic stays for the next start to clear.
process.on("disconnect", () => {
	engine.then(
		(one) => leave(one, false),
		() => process.exit(),
	);
});
// Ctrl-C at a terminal reaches the whole group: `managed` decides when this process ends.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

function openPlane(linux: Linux, events: PlaneEvents, kind: PlaneKind): DataPlane {
	return kind === "kernel" ? openKernelPlane(linux, events) : new UserSpacePlane(linux, events);
}

/** What a process that was killed left would go on carrying packets. */
function clearLeftovers(linux: Linux): Linux {
	const count = clearKernelLeftovers(linux);
	if (count > 0) send({ type: "kernel-cleared", count });
	return linux;
}

function hear(one: VpnEngine, message: ToIked): void {
	switch (message.type) {
		case "configure": {
			const { revision, plan, trust } = message;
			turn = turn
				.then(() => {
					revocation.configure(trust);
					return one.configure(plan);
				})
				.then((problems) => send({ type: "configured", revision, problems }), fail);
			return;
		}
		case "forget-fetched":
			return revocation.forget();
		case "show":
			one.state().then((state) => send({ type: "state", question: message.question, state }), fail);
			return;
		case "clear":
			return one.clear(message.order);
		case "signed":
			waiting.get(message.request)?.(message.signature);
			waiting.delete(message.request);
			return;
		case "tls-answered":
			handshakes.get(message.request)?.(message.answer);
			handshakes.delete(message.request);
			return;
		case "stop":
			return leave(one, true);
	}
}

/** Devices and their addresses go with this process in any case. */
function leave(one: VpnEngine, isOrdered: boolean): void {
	turn = turn.then(() => one.stop(isOrdered)).finally(() => process.exit());
}

function fail(error: unknown): void {
	send({ type: "failed", reason: error instanceof Error ? error.message : String(error) });
}

function send(message: FromIked): void {
	if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}
