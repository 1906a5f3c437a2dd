/** The thread that carries packets: its loop waits for packets and for messages of the thread of IKE alike. */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { openLinux } from "#base/linux-shell.ts";
import { openOpenSsl } from "#base/openssl-shell.ts";
import { openPacketCalls } from "#base/packet-calls-shell.ts";
import type { PacketMemory } from "#base/packet-memory.ts";
import { cipherFault } from "#esp/known-answers.ts";
import { OpenSslCiphers } from "#esp/openssl-cipher-shell.ts";
import { carrierOctets, PacketCarrier } from "#esp/packet-carrier-shell.ts";
import { nodeCiphers, type PacketCiphers } from "#esp/packet-cipher.ts";
import type { CarrierStart, FromCarrier, ToCarrier } from "#esp/plane-message.ts";

async function carry(port: MessagePort, { signal }: CarrierStart): Promise<void> {
	const tell = (message: FromCarrier) => port.postMessage(message);
	const calls = await openPacketCalls();
	const ciphers = await openCiphers(calls.memory(carrierOctets), (reason) =>
		tell({ type: "told", note: { what: "slow-ciphers", reason } }),
	);
	const carrier = new PacketCarrier(
		{ linux: await openLinux(), calls, ciphers, signal },
		{
			wanted: (vpn) => tell({ type: "wanted", vpn }),
			wornOut: (inboundSpi) => tell({ type: "worn-out", inboundSpi }),
			spent: (inboundSpi) => tell({ type: "spent", inboundSpi }),
			noted: (notes) => tell({ type: "noted", notes }),
			told: (note) => tell({ type: "told", note }),
			onSignal: hearAll,
		},
	);
	function hearAll(): void {
		for (let got = receiveMessageOnPort(port); got !== undefined; got = receiveMessageOnPort(port)) {
			const message = got.message as ToCarrier;
			carrier.take(message);
			if (message.type === "report") tell({ type: "reported", question: message.question, report: carrier.report() });
			else if ("question" in message) tell({ type: "done", question: message.question });
		}
	}
	// What was said while this thread began has signalled, too.
	carrier.run();
}

/** The OpenSSL of the program when it gives the known answers, else the functions of Node. */
async function openCiphers(memory: PacketMemory, onSlow: (reason: string) => void): Promise<PacketCiphers> {
	const reason = await openOpenSsl().then(
		(openSsl) => {
			const fast = new OpenSslCiphers(openSsl, memory);
			return cipherFault(fast) ?? fast;
		},
		(error) => String(error),
	);
	if (typeof reason !== "string") return reason;
	onSlow(reason);
	const slow = nodeCiphers(memory);
	const fault = cipherFault(slow);
	if (fault !== undefined) throw new Error(`no engine of ciphers gives the known answers: ${fault}`);
	return slow;
}

if (parentPort !== null) await carry(parentPort, workerData as CarrierStart);
