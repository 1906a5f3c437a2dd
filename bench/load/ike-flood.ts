/**
 * First messages of IKE from addresses that nobody answers at, as many as go: `node ike-flood.ts OPTIONS`. Prints what was sent, and how
 * many answers were nothing but a challenge with a cookie. Alone in a network namespace.
 */
import { randomBytes } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { parseAddress } from "#base/address.ts";
import { Endpoint } from "#ike/endpoint.ts";
import { defaultSettings } from "#ike/v2/settings.ts";
import { decodeMessage } from "#ike/wire/message.ts";
import { notifyType } from "#ike/wire/notify-type.ts";
import { findNotify } from "#ike/wire/payload.ts";
import { connectionOf, suites } from "../ipsec/plans.ts";

export interface FloodOptions {
	readonly target: string;
	readonly seconds: number;
}

export interface FloodResult {
	readonly sent: number;
	readonly challenges: number;
	readonly otherAnswers: number;
}

const { target, seconds } = JSON.parse(process.argv[2] ?? "{}") as FloodOptions;
const question = firstMessage();
const result = { sent: 0, challenges: 0, otherAnswers: 0 };
const sockets = await Promise.all(
	Array.from({ length: 250 }, (_, index) => open(`10.66.${index}.${(index * 7) % 250}`)),
);
const end = performance.now() + seconds * 1_000;
while (performance.now() < end) {
	for (const socket of sockets) {
		const datagram = Buffer.from(question);
		// The initiator's SPI: each is a stranger of its own.
		randomBytes(8).copy(datagram);
		socket.send(datagram, 500, target);
		result.sent++;
	}
	await new Promise((resolve) => setImmediate(resolve));
}
process.stdout.write(`${JSON.stringify(result satisfies FloodResult)}\n`, () => process.exit(0));

function open(address: string): Promise<Socket> {
	const socket = createSocket("udp4");
	socket.on("error", () => {});
	socket.on("message", (answer) => {
		const decoded = decodeMessage(answer);
		const isChallenge = decoded.kind === "done" && findNotify(decoded.value.payloads, notifyType.COOKIE) !== undefined;
		if (isChallenge) result.challenges++;
		else result.otherAnswers++;
	});
	return new Promise((resolve) => socket.bind(500, address, () => resolve(socket)));
}

/** As an engine sends it. */
function firstMessage(): Uint8Array {
	const connection = connectionOf({
		name: "flood",
		ownId: "flood.example",
		peerId: "g2.example",
		own: "10.66.0.1",
		peer: target,
		ownNetwork: "10.66.0.0/24",
		peerNetwork: "10.2.0.0/24",
		startsImmediately: false,
		suite: suites.gcm,
	});
	if (parseAddress(target) === undefined) throw new Error(`no address: ${target}`);
	const endpoint = new Endpoint([connection], defaultSettings, randomBytes);
	const effects = endpoint.step({ type: "tunnel-wanted", connection: "flood", child: "flood" }, Date.now());
	const sent = effects.find((effect) => effect.type === "send-datagram");
	if (sent?.type !== "send-datagram") throw new Error("no first message");
	return sent.datagram;
}
