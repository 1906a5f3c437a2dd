/** The frames that the gateway writes itself. */
import { concat } from "#base/bytes.ts";
import { encodeFrame, frameHeaderOctets, frameTypes, minFrameOctets, noPadding } from "#http/http2-frame.ts";

/** Cuts a field block into HEADERS and CONTINUATION of a size that every receiver takes. */
export function blockFrames(block: Uint8Array, stream: number, isEndStream: boolean): Uint8Array {
	const frames: Uint8Array[] = [];
	for (let at = 0; at === 0 || at < block.length; at += minFrameOctets) {
		const fragment = block.subarray(at, at + minFrameOctets);
		const isEndHeaders = at + minFrameOctets >= block.length;
		if (at > 0) frames.push(encodeFrame({ type: "continuation", stream, isEndHeaders, fragment }));
		else {
			const padding = noPadding;
			frames.push(
				encodeFrame({ type: "headers", stream, isEndStream, isEndHeaders, priority: undefined, fragment, padding }),
			);
		}
	}
	return frames.length === 1 ? (frames[0] as Uint8Array) : concat(frames);
}

/** The header of a DATA frame. */
export function dataHeader(length: number, stream: number, isEndStream: boolean): Uint8Array {
	const header = new Uint8Array(frameHeaderOctets);
	writeDataHeader(header, 0, length, stream, isEndStream);
	return header;
}

/** Writes the header of a DATA frame without padding over the octets at `at`. */
export function writeDataHeader(octets: Uint8Array, at: number, length: number, stream: number, isLast: boolean): void {
	octets[at] = length >>> 16;
	octets[at + 1] = length >>> 8;
	octets[at + 2] = length;
	octets[at + 3] = 0;
	octets[at + 4] = isLast ? 1 : 0;
	octets[at + 5] = stream >>> 24;
	octets[at + 6] = stream >>> 16;
	octets[at + 7] = stream >>> 8;
	octets[at + 8] = stream;
}

/** RST_STREAM. */
export function resetFrame(stream: number, errorCode: number): Uint8Array {
	return encodeFrame({ type: "rst-stream", stream, errorCode });
}

/** WINDOW_UPDATE. */
export function windowFrame(stream: number, increment: number): Uint8Array {
	return encodeFrame({ type: "window-update", stream, increment });
}

/** GOAWAY without words. */
export function goawayFrame(lastStream: number, errorCode: number): Uint8Array {
	return encodeFrame({ type: "goaway", lastStream, errorCode, debug: new Uint8Array(0) });
}

/** The name of a type of frame as RFC 9113 writes it. */
export function frameName(type: number): string {
	const [name] = Object.entries(frameTypes).find(([, code]) => code === type) ?? [`type ${type}`];
	return name.replace(/[A-Z]/g, "_$&").toUpperCase();
}
