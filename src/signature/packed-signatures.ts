/**
 * Tens of thousands of signatures as octets outside of the heap. As objects they are a million, which the collector goes
 * through again and again while traffic flows; of most of them nobody ever asks.
 */
import type { ContentStep, Inspection, Signature, Step } from "#signature/signature.ts";

/**
 * A list of signatures, each made anew when it is asked for.
 *
 * Bounds: some 700 octets a signature; `keptSignatures` of those that were asked for are kept as objects.
 */
export class PackedSignatures {
	readonly length: number;
	readonly #octets: Buffer;
	/** Where each begins, and where the last one ends. */
	readonly #starts: Uint32Array;
	/** What of headers is no text: tests, which many rules share. */
	readonly #tests: HeaderTest[] = [];
	/** By index; all are forgotten when they are too many. */
	readonly #kept: (Signature | undefined)[];
	#keptCount = 0;

	constructor(signatures: readonly Signature[]) {
		const numbers = new Map<HeaderTest, number>();
		const numberOf = (test: HeaderTest): number => {
			const number = numbers.get(test) ?? this.#tests.push(test) - 1;
			numbers.set(test, number);
			return number;
		};
		this.length = signatures.length;
		this.#kept = new Array(signatures.length).fill(undefined);
		this.#starts = new Uint32Array(signatures.length + 1);
		const texts = signatures.map((signature) => pack(signature, numberOf));
		let total = 0;
		for (const [index, text] of texts.entries()) {
			total += Buffer.byteLength(text);
			this.#starts[index + 1] = total;
		}
		this.#octets = Buffer.allocUnsafeSlow(total);
		for (const [index, text] of texts.entries()) this.#octets.write(text, this.#starts[index] as number);
	}

	at(index: number): Signature {
		const known = this.#kept[index];
		if (known !== undefined) return known;
		if (this.#keptCount === keptSignatures) {
			this.#kept.fill(undefined);
			this.#keptCount = 0;
		}
		const signature = this.#made(index);
		this.#kept[index] = signature;
		this.#keptCount++;
		return signature;
	}

	/** All of them, made anew. */
	all(): Signature[] {
		return Array.from({ length: this.length }, (_, index) => this.#made(index));
	}

	#made(index: number): Signature {
		const text = this.#octets.toString("utf8", this.#starts[index], this.#starts[index + 1]);
		return unpack(JSON.parse(text), this.#tests);
	}
}

type HeaderTest = NonNullable<Signature["source"] | Signature["sourcePorts"]> | undefined;
type HeaderTests = Pick<Signature, "source" | "sourcePorts" | "destination" | "destinationPorts">;

/** What JSON holds of a signature: octets are text of one char each, tests are their numbers. */
interface Packed extends Omit<Signature, "inspections" | keyof HeaderTests> {
	readonly tests: readonly number[];
	readonly inspections: readonly PackedInspection[];
}

interface PackedInspection extends Omit<Inspection, "transforms" | "steps"> {
	readonly transforms: readonly (Omit<Inspection["transforms"][number], "key"> & { readonly key?: string })[];
	readonly steps: readonly (Exclude<Step, ContentStep> | (Omit<ContentStep, "octets"> & { readonly octets: string }))[];
}

function pack(signature: Signature, numberOf: (test: HeaderTest) => number): string {
	const { source, sourcePorts, destination, destinationPorts, inspections, ...rest } = signature;
	const packed: Packed = {
		...rest,
		tests: [source, sourcePorts, destination, destinationPorts].map(numberOf),
		inspections: inspections.map(({ transforms, steps, ...others }) => ({
			...others,
			transforms: transforms.map(({ name, key }) => (key === undefined ? { name } : { name, key: textOf(key) })),
			steps: steps.map((step) => (step.type === "content" ? { ...step, octets: textOf(step.octets) } : step)),
		})),
	};
	return JSON.stringify(packed);
}

function unpack({ tests, inspections, ...rest }: Packed, all: readonly HeaderTest[]): Signature {
	const [source, sourcePorts, destination, destinationPorts] = tests.map((number) => all[number]);
	return {
		...absent,
		...rest,
		...({ source, sourcePorts, destination, destinationPorts } as HeaderTests),
		inspections: inspections.map(({ transforms, steps, ...others }) => ({
			...others,
			transforms: transforms.map(({ name, key }) =>
				key === undefined ? { name } : { name, key: Buffer.from(key, "latin1") },
			),
			steps: steps.map((step) =>
				step.type === "content" ? { ...absentInContent, ...step, octets: Buffer.from(step.octets, "latin1") } : step,
			),
		})),
	};
}

function textOf(octets: Uint8Array): string {
	return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("latin1");
}

/** JSON leaves out what is undefined. */
const absent = { classtype: undefined, target: undefined, threshold: undefined, tls: undefined, packet: undefined };
const absentInContent = { offset: undefined, depth: undefined, distance: undefined, within: undefined };
const keptSignatures = 4_096;
