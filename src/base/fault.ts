/**
 * What went wrong, sorted by who is to blame. A decision (blocked by policy) is not a fault.
 *
 * Inside cores a fault is a value; `throw` is only for bugs. Wording of `message`: subject, what happened; expected X,
 * got Y; what to do.
 */

import { type FaultCode, faultTable } from "#base/fault-table.ts";

export type Blame =
	| "peer-malformed"
	| "peer-misbehaved"
	| "peer-incompatible"
	| "peer-untrusted"
	| "peer-refused"
	| "operator"
	| "environment"
	| "bug";

/** One fault. `code` is a row of the fault table (`base/fault-table.ts`). */
export interface Fault {
	readonly code: FaultCode;
	readonly blame: Blame;
	readonly message: string;
	readonly expected?: string;
	readonly got?: string;
	readonly cause?: string;
}

/** Makes a fault of a row of the table. `details` are the two values that disagree and the underlying cause. */
export function fault(
	code: FaultCode,
	message: string,
	details: { expected?: string; got?: string; cause?: string } = {},
): Fault {
	return { code, blame: faultTable[code].blame, message, ...details };
}

/** An error that carries a fault across an API that throws (shells and commands only). */
export class FaultError extends Error {
	readonly fault: Fault;
	constructor(value: Fault) {
		super(value.message);
		this.name = "FaultError";
		this.fault = value;
	}
}
