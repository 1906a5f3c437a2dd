/** Reads one HTTP/1.1 response after the other, as far as a load generator must: status, length and one header. */

/** Feed it octets; `push` says when a response is complete. Made for one response at a time, without pipelining. */
export class ResponseReader {
	status = 0;
	/** What the origin said of the TLS session between it and its peer. */
	isOriginSessionResumed = false;
	#head = "";
	#missing = -1;

	/** True when these octets complete the response; the next octets begin another one. */
	push(chunk: Uint8Array): boolean {
		if (this.#missing === -1) return this.#pushHead(chunk);
		this.#missing -= chunk.length;
		return this.#isComplete();
	}

	#pushHead(chunk: Uint8Array): boolean {
		this.#head += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString("latin1");
		const end = this.#head.indexOf("\r\n\r\n");
		if (end === -1) return false;
		const head = this.#head.slice(0, end);
		const length = /\r\ncontent-length: *([0-9]+)/i.exec(head);
		if (length === null) throw new Error(`a response without Content-Length: ${head}`);
		this.status = Number(head.slice(9, 12));
		this.isOriginSessionResumed = /\r\nx-resumed: *r/i.test(head);
		this.#missing = Number(length[1]) - (this.#head.length - end - 4);
		this.#head = "";
		return this.#isComplete();
	}

	#isComplete(): boolean {
		if (this.#missing > 0) return false;
		if (this.#missing < 0) throw new Error(`a response longer than its Content-Length by ${-this.#missing} octets`);
		if (this.status !== 200) throw new Error(`the response has status ${this.status}; expected 200`);
		this.#missing = -1;
		return true;
	}
}
