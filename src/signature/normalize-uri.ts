/**
 * The target of a request as rules see it in `http.uri`: percent signs undone once, `\` as `/`, slashes in a row as one, `.` and
 * `..` taken out of the path; scheme and host left out. The query is decoded, nothing else; `+` stays.
 */
import { digitOf } from "#signature/transforms.ts";

/** The target itself when nothing needs to be done, else a fresh array. */
export function normalizeUri(target: Uint8Array): Uint8Array {
	const path = target.subarray(authorityEnd(target));
	if (!needsWork(path)) return path.length === 0 && target.length > 0 ? slash : path;
	const question = path.indexOf(0x3f);
	const pathEnd = question === -1 ? path.length : question;
	const result = new Uint8Array(path.length + 1);
	const length = resolveDots(result, decode(path, 0, pathEnd, result, 0, true));
	return result.subarray(0, decode(path, pathEnd, path.length, result, length, false));
}

/** Behind `scheme://host`, or 0. */
export function authorityEnd(target: Uint8Array): number {
	if (target[0] === 0x2f) return 0;
	const colon = target.indexOf(0x3a);
	if (colon === -1 || target[colon + 1] !== 0x2f || target[colon + 2] !== 0x2f) return 0;
	for (let at = colon + 3; at < target.length; at++) {
		const octet = target[at];
		if (octet === 0x2f || octet === 0x3f || octet === 0x23) return at;
	}
	return target.length;
}

function needsWork(path: Uint8Array): boolean {
	let before = 0;
	for (const octet of path) {
		if (octet === 0x25 || octet === 0x5c) return true;
		if (before === 0x2f && (octet === 0x2f || octet === 0x2e)) return true;
		before = octet;
	}
	return false;
}

/** Undoes %XX; what is no such pair stays. In a path, slashes of either kind become one. */
function decode(
	source: Uint8Array,
	start: number,
	end: number,
	target: Uint8Array,
	offset: number,
	isPath: boolean,
): number {
	let length = offset;
	for (let at = start; at < end; at++) {
		let octet = source[at] as number;
		if (octet === 0x25 && at + 2 < end) {
			const high = digitOf(source[at + 1]);
			const low = digitOf(source[at + 2]);
			if (high !== -1 && low !== -1) {
				octet = high * 16 + low;
				at += 2;
			}
		}
		if (isPath && octet === 0x5c) octet = 0x2f;
		if (isPath && octet === 0x2f && length > 0 && target[length - 1] === 0x2f) continue;
		target[length++] = octet;
	}
	return length;
}

/** Takes out `.` and `..` in place (RFC 3986 §5.2.4); answers the length. */
function resolveDots(path: Uint8Array, length: number): number {
	let out = 0;
	for (let at = 0; at < length; ) {
		let end = at + 1;
		while (end < length && path[end] !== 0x2f) end++;
		const isSegment = path[at] === 0x2f;
		const size = end - at;
		const isLast = end === length;
		if (isSegment && size === 2 && path[at + 1] === 0x2e) {
			if (isLast) path[out++] = 0x2f;
		} else if (isSegment && size === 3 && path[at + 1] === 0x2e && path[at + 2] === 0x2e) {
			while (out > 0 && path[--out] !== 0x2f);
			if (isLast) path[out++] = 0x2f;
		} else {
			path.copyWithin(out, at, end);
			out += size;
		}
		at = end;
	}
	return out;
}

const slash = Uint8Array.of(0x2f);
