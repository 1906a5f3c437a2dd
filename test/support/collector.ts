/** A stream that keeps what is written to it, in the place of a command's standard output. */
import { Writable } from "node:stream";

export class Collector extends Writable {
	text = "";

	override _write(chunk: Buffer, _encoding: string, done: () => void): void {
		this.text += chunk.toString();
		done();
	}
}
