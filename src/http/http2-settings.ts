/**
 * SETTINGS on their way through: what each end allows the other, narrowed to what the middle can hold, and when it
 * comes into force (RFC 9113 §6.5).
 */
import { type Setting, settingIds } from "#http/http2-frame.ts";
import { initialWindow } from "#http/http2-windows.ts";

/** What the sender of the settings allows its peer. `table…` is in force once the peer has acknowledged it. */
export class AllowedSettings {
	readonly #limits: SettingsLimits;
	/** Sizes of the table, one for each SETTINGS that was not acknowledged; -1 where nothing was said. */
	readonly #unacknowledged: number[] = [];
	#hasBegun = false;
	maxFrameOctets = 16_384;
	initialWindow = initialWindow;
	mayExtendConnect = false;

	constructor(limits: SettingsLimits) {
		this.#limits = limits;
	}

	get hasBegun(): boolean {
		return this.#hasBegun;
	}

	/** The settings to pass on; the same list when nothing was changed. Undefined when too many wait for their answer. */
	narrow(settings: readonly Setting[]): readonly Setting[] | undefined {
		if (this.#unacknowledged.length === maxUnacknowledged) return undefined;
		let table = -1;
		let isChanged = false;
		const passed = settings.map((setting) => {
			const value = this.#narrowed(setting);
			if (setting.id === settingIds.headerTableSize) table = value;
			if (value === setting.value) return setting;
			isChanged = true;
			return { id: setting.id, value };
		});
		this.#unacknowledged.push(table);
		if (!this.#hasBegun) {
			this.#hasBegun = true;
			for (const [id, value] of this.#limits.always) {
				if (settings.some((setting) => setting.id === id)) continue;
				passed.push({ id, value });
				isChanged = true;
			}
		}
		return isChanged ? passed : settings;
	}

	/** The peer has acknowledged: the size of the table now in force, -1 when it stays; undefined when nothing was asked. */
	acknowledged(): number | undefined {
		return this.#unacknowledged.shift();
	}

	#narrowed({ id, value }: Setting): number {
		if (id === settingIds.maxFrameSize) this.maxFrameOctets = Math.max(this.maxFrameOctets, value);
		else if (id === settingIds.initialWindowSize) this.initialWindow = value;
		else if (id === settingIds.enableConnectProtocol) this.mayExtendConnect = value === 1;
		const most = this.#limits.most.get(id);
		return most === undefined ? value : Math.min(value, most);
	}
}

/** By a setting's id. */
export interface SettingsLimits {
	/** The largest value that is passed on. */
	readonly most: ReadonlyMap<number, number>;
	/** Passed on with the first settings when their sender does not speak of them. */
	readonly always: ReadonlyMap<number, number>;
}

const maxUnacknowledged = 32;
