/** Names of the gateway's own certificates: the handles by which configuration and commands speak of them. */
import { type LeafType, name, parsed, refused, shown } from "#config/leaf-types.ts";

/** Letters, digits, hyphens, underscores and blanks, and not `ca`, which other tools take for their own (R80). */
export const certificateId: LeafType<string> = {
	name: "certificate-id",
	placeholder: "<certificate-id>",
	describes: "name of 1 to 63 letters, digits, hyphens, underscores and blanks; not 'ca'",
	parse(typed) {
		if (!/^[A-Za-z0-9_-](?:[A-Za-z0-9_ -]{0,61}[A-Za-z0-9_-])?$/.test(typed))
			return refused(
				`invalid value: '${shown(typed)}': Must consist of letters, numbers, dashes, underscores and blanks`,
			);
		return typed === "ca" ? refused("the name 'ca' is reserved") : parsed(typed);
	},
	format: (value) => value,
};

/** How a statement names one; those that earlier versions took may have periods. */
export const certificateReference: LeafType<string> = {
	...name({ placeholder: "certificate-id", also: " " }),
	source: "local-certificates",
};

/** A name of a certificate out of a file with several: the base name and what the file calls it (R75). */
export function aliasId(base: string, alias: string, isTaken: (id: string) => boolean): string {
	const word = alias.replace(/[^A-Za-z0-9_-]+/g, "-").replace(/^-+|-+$/g, "");
	return freeId(`${base}-${word === "" ? "1" : word}`, isTaken);
}

/** The name of a certificate that another one takes the place of (R86). */
export function replacedId(id: string, isTaken: (id: string) => boolean): string {
	return freeId(`${id}_REPLACED`, isTaken);
}

/** The name, cut to what fits, with a number where it is taken. */
function freeId(wanted: string, isTaken: (id: string) => boolean): string {
	for (let number = 1; ; number++) {
		const suffix = number === 1 ? "" : `-${number}`;
		// A long name loses its middle: what it ends in tells what it is.
		const room = maxLength - suffix.length;
		const cut = wanted.length <= room ? wanted : wanted.slice(0, room - tailLength) + wanted.slice(-tailLength);
		const id = cut + suffix;
		if (!isTaken(id)) return id;
	}
}

const maxLength = 63;
const tailLength = 24;
