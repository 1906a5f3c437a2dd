/**
 * The types of values that a leaf, a leaf list or a list key can have. Each turns the word that was typed into a value,
 * or says in the words of Junos what is wrong with it. Addresses and names of the network: `network-types.ts`.
 */
import { Secret } from "#base/secret.ts";
import { compilePattern } from "#config/pattern.ts";
import { decodeSecret, isEncodedSecret, maxSecretOctets } from "#config/secret-codec.ts";
import { hasControlCharacter } from "#config/word.ts";

export type Parsed<V> = { readonly ok: true; readonly value: V } | { readonly ok: false; readonly message: string };

/** One type of value. `format` is the canonical text: what is stored and printed when `keepsText` is not set. */
export interface LeafType<V> {
	readonly name: string;
	/** What `?` shows in place of the value: `<seconds>`. */
	readonly placeholder: string;
	/** A few words for the help column and the reference. */
	readonly describes: string;
	parse(text: string): Parsed<V>;
	format(value: V): string;
	/** Fixed words and the help of each, for completion. */
	readonly words?: Readonly<Record<string, string>>;
	readonly range?: { readonly min: number; readonly max: number };
	readonly unit?: string;
	/** Paths of the lists in which the value must be an entry. */
	readonly references?: readonly string[];
	/** Where names for completion come from, when they are no entries of the configuration: `log-files`. */
	readonly source?: string;
	/** `reversible`: stored in `$9$` form; `hashed`: a one-way hash. Neither is ever printed in clear. */
	readonly secrecy?: "reversible" | "hashed";
	/** The canonical text of a typed word, for types that cannot say it by `format`. */
	canonical?(text: string): string;
	/** The text is stored as typed. */
	readonly keepsText?: boolean;
}

/** A value that was read. */
export function parsed<V>(value: V): Parsed<V> {
	return { ok: true, value };
}

/** A value that was refused, with the reason. */
export function refused(message: string): Parsed<never> {
	return { ok: false, message };
}

/**
 * The text that is stored for `text`: its canonical form when it is valid, else itself. Secrets are not encoded here. `known`
 * is the value, when the text was parsed before.
 */
export function canonicalText(type: LeafType<unknown>, text: string, known?: Parsed<unknown>): string {
	if (type.keepsText === true || type.secrecy !== undefined) return text;
	if (type.canonical !== undefined) return type.canonical(text);
	const result = known ?? type.parse(text);
	return result.ok ? type.format(result.value) : text;
}

/** A whole number within a range. */
export function integer(options: {
	readonly min: number;
	readonly max: number;
	readonly unit?: string;
	readonly placeholder?: string;
}): LeafType<number> {
	const { min, max, unit } = options;
	return {
		name: "integer",
		placeholder: `<${options.placeholder ?? unit ?? "number"}>`,
		describes: `${min}..${max}${unit === undefined ? "" : ` ${unit}`}`,
		range: { min, max },
		...(unit === undefined ? {} : { unit }),
		parse(text) {
			if (!/^-?[0-9]{1,15}$/.test(text)) return refused(`Invalid numeric value: '${shown(text)}'`);
			return inRange(Number(text), text, min, max);
		},
		format: String,
	};
}

/** A size in octets; `k`, `m` and `g` multiply by 1024. The text is kept as typed. */
export function size(options: { readonly min: number; readonly max: number }): LeafType<number> {
	return {
		name: "size",
		placeholder: "<size>",
		describes: `${options.min}..${options.max} octets; k, m and g multiply by 1024`,
		range: options,
		unit: "octets",
		keepsText: true,
		parse(text) {
			const match = /^([0-9]{1,12})([kmgKMG]?)$/.exec(text);
			if (match === null) return refused(`Invalid numeric value: '${shown(text)}'`);
			const factor = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[(match[2] ?? "").toLowerCase()] ?? 1;
			return inRange(Number(match[1]) * factor, text, options.min, options.max);
		},
		format: String,
	};
}

/** A share of a hundred; a `%` sign may follow. */
export function percentage(): LeafType<number> {
	return {
		...integer({ min: 0, max: 100, unit: "percent" }),
		name: "percentage",
		parse(text) {
			const digits = text.endsWith("%") ? text.slice(0, -1) : text;
			if (!/^[0-9]{1,9}$/.test(digits)) return refused(`Invalid numeric value: '${shown(text)}'`);
			return inRange(Number(digits), text, 0, 100);
		},
	};
}

/** One of fixed words; the record gives the help of each. */
export function enumeration<const W extends Readonly<Record<string, string>>>(words: W): LeafType<keyof W & string> {
	const names = Object.keys(words);
	return {
		name: "enumeration",
		placeholder: names.length === 1 ? (names[0] as string) : `(${names.join(" | ")})`,
		describes: names.join(" | "),
		words,
		parse(text) {
			if (Object.hasOwn(words, text)) return parsed(text as keyof W & string);
			return refused(`invalid value '${shown(text)}'; expected ${names.join(" | ")}`);
		},
		format: (value) => value,
	};
}

/** One fixed word; of use in a `union`. */
export function keyword<const W extends string>(word: W, help: string): LeafType<W> {
	return enumeration({ [word]: help } as Readonly<Record<W, string>>);
}

/** Free text on one line. */
export function text(
	options: { readonly min?: number; readonly max?: number; readonly placeholder?: string } = {},
): LeafType<string> {
	const { min = 0, max = 1_024 } = options;
	return {
		name: "string",
		placeholder: `<${options.placeholder ?? "text"}>`,
		describes: `text of ${min} to ${max} characters`,
		parse: (typed) => ofLength(typed, min, max),
		format: (value) => value,
	};
}

/** The name of an object: a letter or digit first, then letters, digits, `-`, `_`, `.` (and what `also` allows). */
export function name(
	options: { readonly max?: number; readonly also?: string; readonly placeholder?: string } = {},
): LeafType<string> {
	const { max = 63, also = "" } = options;
	return {
		name: "name",
		placeholder: `<${options.placeholder ?? "name"}>`,
		describes: `name of up to ${max} characters`,
		parse(typed) {
			const result = ofLength(typed, 1, max);
			if (!result.ok) return result;
			if (!/^[A-Za-z0-9_]/.test(typed)) return refused(nameRule(typed));
			for (const character of typed) {
				if (!/[A-Za-z0-9_.-]/.test(character) && !also.includes(character)) return refused(nameRule(typed));
			}
			return result;
		},
		format: (value) => value,
	};
}

/** A secret that must be read back, such as a pre-shared key: typed in clear or in `$9$` form, stored in `$9$` form. */
export function secret(
	options: { readonly min?: number; readonly max?: number; readonly placeholder?: string } = {},
): LeafType<Secret> {
	const { min = 1, max = 255 } = options;
	return {
		name: "secret",
		placeholder: `<${options.placeholder ?? "secret"}>`,
		describes: `secret of ${min} to ${max} characters, or its $9$ form`,
		secrecy: "reversible",
		parse(typed) {
			const plain = isEncodedSecret(typed) ? decodeSecret(typed) : typed;
			if (plain === undefined) return refused("invalid encrypted secret: the $9$ string is damaged");
			if (plain.length < min || plain.length > max || Buffer.byteLength(plain) > maxSecretOctets)
				return refused(`Length ${plain.length} is not within range (${min}..${max})`);
			return parsed(new Secret(plain));
		},
		format: () => "<secret>",
	};
}

/** A password as a one-way hash in crypt form, such as `$6$salt$hash`. It is never printed to those without permission. */
export function hashedSecret(): LeafType<Secret> {
	return {
		name: "hashed-secret",
		placeholder: "<encrypted-password>",
		describes: "password hash in crypt form",
		secrecy: "hashed",
		parse(typed) {
			if (!/^(?:\$[0-9a-z-]{1,16}\$[A-Za-z0-9./$=,+-]{1,500}|\*)$/.test(typed))
				return refused("invalid encrypted password; expected a hash in crypt form, as openssl passwd -6 prints it");
			return parsed(new Secret(typed));
		},
		format: () => "<secret>",
	};
}

/** The name of another object. `paths` are the lists where it may be defined, see `schema.ts` on how they are written. */
export function reference(
	paths: string | readonly string[],
	options: { readonly placeholder?: string } = {},
): LeafType<string> {
	return {
		...name({ max: 255, also: " /:*@" }),
		name: "reference",
		placeholder: `<${options.placeholder ?? "name"}>`,
		describes: "name of a configured object",
		references: typeof paths === "string" ? [paths] : paths,
		parse: (typed) => ofLength(typed, 1, 255),
	};
}

/** A regular expression of the kind that `pattern.ts` matches. The value is its text. */
export function regularExpression(): LeafType<string> {
	return {
		name: "regular-expression",
		placeholder: "<regular-expression>",
		describes: "regular expression",
		parse(typed) {
			const compiled = compilePattern(typed);
			return compiled.ok ? parsed(typed) : refused(compiled.message);
		},
		format: (value) => value,
	};
}

/** The first of the types that accepts the text. */
export function union<const T extends readonly LeafType<unknown>[]>(types: T): LeafType<ValueOf<T[number]>> {
	const words = Object.assign({}, ...types.map((type) => type.words ?? {})) as Record<string, string>;
	const references = types.flatMap((type) => type.references ?? []);
	const open = types.filter((type) => type.words === undefined);
	const secrecy = types.find((type) => type.secrecy !== undefined)?.secrecy;
	return {
		name: types.map((type) => type.name).join(" or "),
		placeholder: open.length === 0 ? `(${Object.keys(words).join(" | ")})` : (open[0]?.placeholder ?? ""),
		describes: types.map((type) => type.describes).join(" | "),
		...(Object.keys(words).length === 0 ? {} : { words }),
		...(references.length === 0 ? {} : { references }),
		...(secrecy === undefined ? {} : { secrecy }),
		parse(typed) {
			let last: Parsed<unknown> = refused(`invalid value '${shown(typed)}'`);
			for (const type of types) {
				const result = type.parse(typed);
				if (result.ok) return parsed(result.value as ValueOf<T[number]>);
				last = result;
			}
			return last as Parsed<never>;
		},
		canonical(typed) {
			const type = types.find((candidate) => candidate.parse(typed).ok);
			return type === undefined ? typed : canonicalText(type, typed);
		},
		format: (value) => (typeof value === "object" && open[0] !== undefined ? open[0].format(value) : String(value)),
	};
}

/** The value of a leaf type. */
export type ValueOf<T> = T extends LeafType<infer V> ? V : never;

/** What was typed, shortened and without anything that would move the cursor. */
export function shown(typed: string): string {
	const short = typed.length > 64 ? `${typed.slice(0, 61)}...` : typed;
	return hasControlCharacter(short) ? JSON.stringify(short).slice(1, -1) : short;
}

function inRange(value: number, typed: string, min: number, max: number): Parsed<number> {
	if (value < min || value > max) return refused(`Value ${shown(typed)} is not within range (${min}..${max})`);
	return parsed(value);
}

function ofLength(typed: string, min: number, max: number): Parsed<string> {
	if (hasControlCharacter(typed)) return refused("control characters are not allowed");
	if (typed.length < min || typed.length > max)
		return refused(`Length ${typed.length} is not within range (${min}..${max})`);
	return parsed(typed);
}

function nameRule(typed: string): string {
	return `invalid value: '${shown(typed)}': Must be a string beginning with a number or letter and consisting of letters, numbers, dashes and underscores`;
}
