/** What rules keep on one connection: bits (`flowbits`) and counters (`flowint`). */
import type { FlowBitStep, FlowIntegerStep } from "#signature/signature.ts";

/** Bounds: `maxNames` bits and counters; beyond them nothing is set. */
export class FlowState {
	#bits: Set<string> | undefined;
	#integers: Map<string, number> | undefined;

	get bits(): readonly string[] {
		return this.#bits === undefined ? [] : [...this.#bits];
	}

	/** True when every question holds; changes nothing. */
	holds(bits: readonly FlowBitStep[], integers: readonly FlowIntegerStep[]): boolean {
		return bits.every((step) => this.#bitHolds(step)) && integers.every((step) => this.#integerHolds(step));
	}

	/** Carries out what a rule that matched sets. */
	apply(bits: readonly FlowBitStep[], integers: readonly FlowIntegerStep[]): void {
		for (const step of bits) this.#changeBit(step);
		for (const step of integers) this.#changeInteger(step);
	}

	#bitHolds({ command, names }: FlowBitStep): boolean {
		if (command !== "isset" && command !== "isnotset") return true;
		const isAnySet = names.some((name) => this.#bits?.has(name) === true);
		return isAnySet === (command === "isset");
	}

	#changeBit({ command, names }: FlowBitStep): void {
		for (const name of names) {
			const isSet = this.#bits?.has(name) === true;
			const mustSet = command === "set" || (command === "toggle" && !isSet);
			if (mustSet && (this.#bits?.size ?? 0) < maxNames) {
				this.#bits ??= new Set();
				this.#bits.add(name);
			} else if (command === "unset" || command === "toggle") this.#bits?.delete(name);
		}
	}

	#integerHolds({ name, operator, value }: FlowIntegerStep): boolean {
		const held = this.#integers?.get(name);
		if (operator === "isset" || operator === "notset") return (held !== undefined) === (operator === "isset");
		if (operator === "+" || operator === "-" || operator === "=") return true;
		const other = this.#value(value);
		if (held === undefined || other === undefined) return false;
		switch (operator) {
			case "<":
				return held < other;
			case ">":
				return held > other;
			case "<=":
				return held <= other;
			case ">=":
				return held >= other;
			case "==":
				return held === other;
			case "!=":
				return held !== other;
		}
	}

	#changeInteger({ name, operator, value }: FlowIntegerStep): void {
		if (operator !== "+" && operator !== "-" && operator !== "=") return;
		const other = this.#value(value) ?? 0;
		const held = this.#integers?.get(name) ?? 0;
		if (held === 0 && (this.#integers?.size ?? 0) >= maxNames) return;
		const result = operator === "=" ? other : operator === "+" ? held + other : Math.max(0, held - other);
		this.#integers ??= new Map();
		this.#integers.set(name, Math.min(result, 4_294_967_295));
	}

	#value(value: number | string): number | undefined {
		return typeof value === "number" ? value : this.#integers?.get(value);
	}
}

const maxNames = 256;
