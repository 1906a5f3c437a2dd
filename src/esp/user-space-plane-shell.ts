/**
 * The data plane in user space, as the thread of IKE sees it: it opens devices and sockets, and a thread of its own carries the
 * packets (`packet-carrier-worker-shell.ts`).
 *
 * When that thread ends by itself another begins with the same devices and sockets. Associations are not taken up again: their
 * sequence numbers are gone, and a number must never be used twice with a key. The engine is told, and makes new ones.
 */
import { Worker } from "node:worker_threads";
import { type Address, formatAddress } from "#base/address.ts";
import type { Linux } from "#base/linux.ts";
import type { AddressPort } from "#base/socket-address.ts";
import type { DataPlane, EspPath, PlaneAssociation, PlaneEvents, PlaneReport, PlaneVpn } from "#esp/data-plane.ts";
import type { EspSelector, EspSelectors } from "#esp/match-selector.ts";
import type { CarrierStart, FromCarrier, ToCarrier } from "#esp/plane-message.ts";
import type { EspKeys } from "#esp/protection.ts";

interface Attached {
	readonly local: Address;
	readonly datagramDescriptor: number | undefined;
	readonly rawDescriptor: number;
}

/** Waits for an answer of the thread. */
interface Question {
	answer(report: PlaneReport): void;
	/** The thread has ended. */
	giveUp(): void;
}

export class UserSpacePlane implements DataPlane {
	readonly #linux: Linux;
	readonly #events: PlaneEvents;
	readonly #signal: number;
	readonly #devices = new Map<string, number>();
	readonly #attached = new Map<string, Attached>();
	readonly #questions = new Map<number, Question>();
	#nextQuestion = 1;
	#vpns: readonly PlaneVpn[] = [];
	#mss = 0;
	#worker: Worker;
	#startedAt = 0;
	#isClosed = false;

	constructor(linux: Linux, events: PlaneEvents) {
		this.#linux = linux;
		this.#events = events;
		this.#signal = linux.openSignal();
		this.#worker = this.#start();
	}

	async addUnit(unit: string): Promise<void> {
		const descriptor = this.#linux.openTun(unit);
		this.#devices.set(unit, descriptor);
		this.#tell({ type: "add-unit", unit, descriptor });
	}

	async removeUnit(unit: string): Promise<void> {
		const descriptor = this.#devices.get(unit);
		if (descriptor === undefined) return;
		this.#devices.delete(unit);
		await this.#ask((question) => ({ type: "remove-unit", unit, question }));
		this.#linux.close(descriptor);
	}

	configure(vpns: readonly PlaneVpn[], mss: number): void {
		this.#vpns = vpns.map(({ name, unit, dfBit, selectors }) => ({
			name,
			unit,
			dfBit,
			selectors: selectors && ownSelectors(selectors),
		}));
		this.#mss = mss;
		this.#tell({ type: "configure", vpns: this.#vpns, mss });
	}

	async attach(local: Address, ikeDescriptor: number | undefined): Promise<void> {
		if (this.#attached.has(formatAddress(local))) return;
		const rawDescriptor = this.#linux.rawSocket({ protocol: espProtocol, local });
		try {
			const datagramDescriptor =
				ikeDescriptor === undefined
					? undefined
					: this.#linux.espDatagramSocket({ address: local, port: natPort, bufferOctets });
			const attached = { local, datagramDescriptor, rawDescriptor };
			this.#attached.set(formatAddress(local), attached);
			this.#tell({ type: "attach", ...attached });
		} catch (error) {
			this.#linux.close(rawDescriptor);
			throw error;
		}
	}

	detach(local: Address): void {
		const attached = this.#attached.get(formatAddress(local));
		if (attached === undefined) return;
		this.#attached.delete(formatAddress(local));
		this.#ask((question) => ({ type: "detach", local, question })).then(() => this.#closeSockets(attached));
	}

	install({ vpn, inboundSpi, outboundSpi, path, replayWindow, maxOctets, ...rest }: PlaneAssociation): void {
		const { algorithms, inboundKeys, outboundKeys } = rest;
		const { cipher, integrity, hasExtendedSequenceNumbers } = algorithms;
		const association: PlaneAssociation = {
			vpn,
			inboundSpi,
			outboundSpi,
			algorithms: { cipher, ...(integrity && { integrity }), hasExtendedSequenceNumbers },
			inboundKeys: ownKeys(inboundKeys),
			outboundKeys: ownKeys(outboundKeys),
			...ownSelectors(rest),
			path: ownPath(path),
			replayWindow,
			...(maxOctets !== undefined && { maxOctets }),
		};
		this.#tell({ type: "install", association });
	}

	remove(inboundSpi: number): void {
		this.#tell({ type: "remove", inboundSpi });
	}

	move(inboundSpi: number, path: EspPath): void {
		this.#tell({ type: "move", inboundSpi, path: ownPath(path) });
	}

	report(): Promise<PlaneReport> {
		return this.#ask((question) => ({ type: "report", question }));
	}

	async close(): Promise<void> {
		if (this.#isClosed) return;
		this.#isClosed = true;
		const ended = new Promise((resolve) => this.#worker.once("exit", resolve));
		this.#tell({ type: "stop" });
		const timer = setTimeout(() => void this.#worker.terminate(), stopMs);
		await ended;
		clearTimeout(timer);
		for (const attached of this.#attached.values()) this.#closeSockets(attached);
		for (const descriptor of this.#devices.values()) this.#linux.close(descriptor);
		this.#attached.clear();
		this.#devices.clear();
		this.#linux.close(this.#signal);
	}

	#start(): Worker {
		const start: CarrierStart = { signal: this.#signal };
		const worker = new Worker(new URL("./packet-carrier-worker-shell.ts", import.meta.url), {
			workerData: start,
			name: "packets",
			// Flags of this process are about its own program.
			execArgv: ["--disable-warning=ExperimentalWarning"],
		});
		this.#startedAt = performance.now();
		let reason = "its thread ended";
		worker.on("message", (message: FromCarrier) => this.#hear(message));
		worker.on("error", (error) => {
			reason = error instanceof Error ? error.message : String(error);
		});
		worker.on("exit", () => this.#ended(reason));
		return worker;
	}

	#ended(reason: string): void {
		this.#giveUpQuestions();
		if (this.#isClosed) return;
		this.#events.told({ what: "failed", reason });
		// One that cannot even begin must not keep this process busy.
		setTimeout(() => this.#restart(), performance.now() - this.#startedAt < shortLifeMs ? restartMs : 0);
	}

	#restart(): void {
		if (this.#isClosed) return;
		// Those that were asked of nobody meanwhile.
		this.#giveUpQuestions();
		this.#worker = this.#start();
		for (const [unit, descriptor] of this.#devices) this.#tell({ type: "add-unit", unit, descriptor });
		this.#tell({ type: "configure", vpns: this.#vpns, mss: this.#mss });
		for (const attached of this.#attached.values()) this.#tell({ type: "attach", ...attached });
	}

	#giveUpQuestions(): void {
		for (const { giveUp } of [...this.#questions.values()]) giveUp();
	}

	#hear(message: FromCarrier): void {
		switch (message.type) {
			case "wanted":
				return this.#events.wanted(message.vpn);
			case "worn-out":
				return this.#events.wornOut(message.inboundSpi);
			case "spent":
				return this.#events.spent(message.inboundSpi);
			case "noted":
				return this.#events.noted(message.notes);
			case "told":
				return this.#events.told(message.note);
			case "done":
				return this.#questions.get(message.question)?.answer(nothing);
			case "reported":
				return this.#questions.get(message.question)?.answer(message.report);
		}
	}

	#tell(message: ToCarrier): void {
		this.#worker.postMessage(message);
		this.#linux.signal(this.#signal);
	}

	/** Resolves when the thread has answered; with nothing when it ends before that. */
	#ask(message: (question: number) => ToCarrier): Promise<PlaneReport> {
		const question = this.#nextQuestion++;
		return new Promise((resolve) => {
			const settle = (report: PlaneReport) => {
				this.#questions.delete(question);
				resolve(report);
			};
			this.#questions.set(question, { answer: settle, giveUp: () => settle(nothing) });
			if (this.#isClosed) settle(nothing);
			else this.#tell(message(question));
		});
	}

	#closeSockets({ datagramDescriptor, rawDescriptor }: Attached): void {
		if (datagramDescriptor !== undefined) this.#linux.close(datagramDescriptor);
		this.#linux.close(rawDescriptor);
	}
}

/**
 * A view crosses to the other thread with all the memory that it looks at, which may be that of a whole message with the secrets
 * of others: what crosses is copied before.
 */
function owned(octets: Uint8Array): Uint8Array {
	return Uint8Array.from(octets);
}

function ownKeys({ encryption, integrity }: EspKeys): EspKeys {
	return { encryption: owned(encryption), integrity: owned(integrity) };
}

function ownSelectors({ localSelectors, remoteSelectors }: EspSelectors): EspSelectors {
	const own = ({ protocol, firstPort, lastPort, first, last }: EspSelector): EspSelector => ({
		protocol,
		firstPort,
		lastPort,
		first: owned(first),
		last: owned(last),
	});
	return { localSelectors: localSelectors.map(own), remoteSelectors: remoteSelectors.map(own) };
}

function ownPath({ local, remote, isEncapsulated }: EspPath): EspPath {
	const own = ({ address, port }: AddressPort): AddressPort => ({ address: { octets: owned(address.octets) }, port });
	return { local: own(local), remote: own(remote), isEncapsulated };
}

const nothing: PlaneReport = { vpns: new Map(), associations: [], unknownSpi: 0 };
const espProtocol = 50;
const natPort = 4_500;
const bufferOctets = 4_194_304;
const stopMs = 2_000;
const shortLifeMs = 1_000;
const restartMs = 1_000;
