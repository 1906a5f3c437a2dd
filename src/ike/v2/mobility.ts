/**
 * Ends that move (MOBIKE, RFC 4555): who began the association says that it is at another address, from there; the other end
 * follows once it has seen that it really receives there. Whose address is meant is where the request came from.
 */
import { equalBytes } from "#base/bytes.ts";
import type { Path } from "#ike/v2/connection.ts";
import { errorName, type IkeSa, isSamePath, notify } from "#ike/v2/ike-sa.ts";
import { detectNat, natDetectionPayloads } from "#ike/v2/nat-detection.ts";
import type { Task } from "#ike/v2/task.ts";
import { exchangeType } from "#ike/wire/header.ts";
import { notifyType } from "#ike/wire/notify-type.ts";
import { findNotify, type Payload } from "#ike/wire/payload.ts";

/** What the end that answers says in IKE_AUTH. */
export function agreeOnMobility(sa: IkeSa, request: readonly Payload[]): readonly Payload[] {
	if (sa.connection.isMobile !== true || findNotify(request, notifyType.MOBIKE_SUPPORTED) === undefined) return [];
	sa.mover = "peer";
	return [notify(notifyType.MOBIKE_SUPPORTED)];
}

/** What of an INFORMATIONAL request is about addresses. The peer's own list of addresses is heard and not used: it decides. */
export function answerMove(sa: IkeSa, payloads: readonly Payload[], now: number): readonly Payload[] {
	const cookie = findNotify(payloads, notifyType.COOKIE2);
	const echo = cookie === undefined ? [] : [notify(notifyType.COOKIE2, cookie.data)];
	const path = sa.requestPath;
	if (sa.mover !== "peer" || path === undefined) return echo;
	const isAsking = findNotify(payloads, notifyType.NAT_DETECTION_SOURCE_IP) !== undefined;
	if (findNotify(payloads, notifyType.UPDATE_SA_ADDRESSES) === undefined)
		return isAsking ? [...natDetectionPayloads(sa, path), ...echo] : echo;
	const mayTranslate = findNotify(payloads, notifyType.NO_NATS_ALLOWED)?.data;
	if (mayTranslate !== undefined && !equalBytes(mayTranslate, pathOctets(path)))
		return [notify(notifyType.UNEXPECTED_NAT_DETECTED), ...echo];
	// Traffic follows when the peer has answered from there: nobody is sent packets that it did not ask for (RFC 4555 §3.7).
	if (!isSamePath(path, sa.path)) sa.provedPlace ??= { path: sa.path, isEncapsulated: sa.isEncapsulated };
	sa.moveTo(path, detectNat(payloads, sa, path), now);
	if (sa.provedPlace === undefined) sa.moveChildren();
	else askWhetherReached(sa);
	return [...natDetectionPayloads(sa, path), ...echo];
}

/** One question waits at most: who says that it moves again and again causes no more. */
export function askWhetherReached(sa: IkeSa): void {
	const waiting = sa.queue.findIndex(({ kind }) => kind === "reach");
	if (waiting !== -1) sa.queue.splice(waiting, 1);
	sa.queue.unshift(newReachTask(sa.path, sa.host.random(cookieOctets)));
}

/** Does the peer receive at its new place? Then the children go there. */
export function newReachTask(path: Path, cookie: Uint8Array): Task {
	return {
		kind: "reach",
		exchange: exchangeType.informational,
		build: (sa) => (isSamePath(path, sa.path) ? [notify(notifyType.COOKIE2, cookie)] : undefined),
		finish(sa, payloads, now) {
			const echo = findNotify(payloads, notifyType.COOKIE2)?.data;
			if (echo === undefined || !equalBytes(echo, cookie))
				sa.close("ike-closed", "the peer does not answer from its new address as it should", now);
			// It may have moved on meanwhile: then the next one decides.
			else if (isSamePath(path, sa.path)) sa.moveChildren();
			return undefined;
		},
	};
}

/** This end is at another address. */
export function newMoveTask(): Task {
	return {
		kind: "move",
		exchange: exchangeType.informational,
		build: (sa) => [notify(notifyType.UPDATE_SA_ADDRESSES), ...natDetectionPayloads(sa, sa.path)],
		finish(sa, payloads, now) {
			const refused = errorName(payloads);
			if (refused !== undefined) sa.close("ike-closed", `the peer answered ${refused} to this end's new address`, now);
			else {
				sa.moveTo(sa.path, detectNat(payloads, sa, sa.path), now);
				sa.moveChildren();
			}
			return undefined;
		},
	};
}

/** Source and destination as the sender sees them, and their ports (RFC 4555 §4.2.6). */
function pathOctets({ local, remote }: Path): Uint8Array {
	const ports = Uint8Array.of(remote.port >> 8, remote.port & 0xff, local.port >> 8, local.port & 0xff);
	return Uint8Array.of(...remote.address.octets, ...local.address.octets, ...ports);
}

const cookieOctets = 16;
