/**
 * The flows of a datagram listener by client. A client that begins another connection from the same port has two for a moment: the
 * one before goes on until the other is proven, for whoever forges a ClientHello must not end it (RFC 6347 §4.2.8).
 *
 * Bounds: `maxUnproven` flows whose client has proved nothing, of which the oldest gives way; `maxUnprovenPerSource` of one
 * address, which then waits. How many proven flows there are is limited where they are admitted.
 */
import { helloFragments } from "#dtls/hello-fragments.ts";
import type { DatagramFlow } from "#proxy/datagram-flow.ts";
import type { WayIn } from "#proxy/way-in.ts";

/** True when a stranger's datagram begins a flow: a first ClientHello or a part of it; anything where clients speak in clear. */
export function beginsFlow({ kind }: WayIn, datagram: Uint8Array): boolean {
	if (kind === "encrypt") return datagram.length > 0;
	// Where the cookie is ours, a client may return it to a gateway that remembers nothing of it.
	const newest = kind === "pass-through" ? 0 : maxCookieRounds;
	return helloFragments(datagram)?.some(({ sequence }) => sequence <= newest) === true;
}

/** The flow and where it belongs. */
export interface FlowPlace {
	/** Address and port of the client. */
	readonly key: string;
	readonly source: string;
	readonly port: number;
}

interface Slot<F> {
	current: F | undefined;
	next: F | undefined;
}

export class FlowTable<F extends Pick<DatagramFlow, "beginsAnew">> {
	readonly #slots = new Map<string, Slot<F>>();
	/** In the order in which they began. */
	readonly #unproven = new Map<F, FlowPlace>();
	readonly #bySource = new Map<string, number>();

	get size(): number {
		let size = 0;
		for (const { current, next } of this.#slots.values())
			size += Number(current !== undefined) + Number(next !== undefined);
		return size;
	}

	/** The flow that a client's datagram is for; undefined when it is for none that is known. */
	find(key: string, datagram: Uint8Array): F | undefined {
		const slot = this.#slots.get(key);
		if (slot === undefined) return undefined;
		const { current, next } = slot;
		if (next !== undefined && isHello(datagram)) return next.beginsAnew(datagram) ? undefined : next;
		if (current === undefined || (isInClear(datagram) && current.beginsAnew(datagram))) return undefined;
		return current;
	}

	/** The flow that an answer in clear may be for as well: the newer of two, for nobody can tell whose answer it is. */
	findOther(key: string, datagram: Uint8Array): F | undefined {
		const slot = this.#slots.get(key);
		if (slot?.current === undefined || slot.next === undefined) return undefined;
		return isInClear(datagram) && !isHello(datagram) ? slot.next : undefined;
	}

	/** False while too many of this source have proved nothing. */
	mayBegin(source: string): boolean {
		return (this.#bySource.get(source) ?? 0) < maxUnprovenPerSource;
	}

	/** Answers the flow that has to give way, with what has been in its place. */
	add(place: FlowPlace, flow: F): F | undefined {
		const slot = this.#slots.get(place.key);
		const replaced = slot?.next;
		if (replaced !== undefined) this.remove(replaced, place);
		if (slot?.current === undefined) this.#slots.set(place.key, { current: flow, next: undefined });
		else slot.next = flow;
		this.#unproven.set(flow, place);
		this.#bySource.set(place.source, (this.#bySource.get(place.source) ?? 0) + 1);
		if (replaced !== undefined) return replaced;
		if (this.#unproven.size <= maxUnproven) return undefined;
		const [oldest] = this.#unproven;
		if (oldest === undefined) return undefined;
		this.remove(oldest[0], oldest[1]);
		return oldest[0];
	}

	/** The client of a flow has proved its address. Answers the flow before, whose place it takes. */
	proved(flow: F, { key }: FlowPlace): F | undefined {
		this.#forgetUnproven(flow);
		const slot = this.#slots.get(key);
		if (slot === undefined || slot.next !== flow) return undefined;
		const before = slot.current;
		this.#slots.set(key, { current: flow, next: undefined });
		return before;
	}

	remove(flow: F, { key }: FlowPlace): void {
		this.#forgetUnproven(flow);
		const slot = this.#slots.get(key);
		if (slot === undefined) return;
		if (slot.current === flow) slot.current = undefined;
		if (slot.next === flow) slot.next = undefined;
		if (slot.current === undefined && slot.next !== undefined) {
			slot.current = slot.next;
			slot.next = undefined;
		}
		if (slot.current === undefined) this.#slots.delete(key);
	}

	*flows(): Generator<F> {
		for (const { current, next } of this.#slots.values()) {
			if (current !== undefined) yield current;
			if (next !== undefined) yield next;
		}
	}

	#forgetUnproven(flow: F): void {
		const place = this.#unproven.get(flow);
		if (place === undefined) return;
		this.#unproven.delete(flow);
		const left = (this.#bySource.get(place.source) ?? 1) - 1;
		if (left > 0) this.#bySource.set(place.source, left);
		else this.#bySource.delete(place.source);
	}
}

/** A handshake record of epoch 0: the only kind that can begin a connection. */
function isInClear(datagram: Uint8Array): boolean {
	return datagram[0] === handshake && datagram[3] === 0 && datagram[4] === 0;
}

/** A ClientHello, or a part of one. */
function isHello(datagram: Uint8Array): boolean {
	return isInClear(datagram) && (helloFragments(datagram)?.length ?? 0) > 0;
}

const handshake = 22;
const maxCookieRounds = 3;
export const maxUnproven = 1_024;
export const maxUnprovenPerSource = 64;
