/**
 * The search of `pattern-filter.ts` in WebAssembly text (`#base/wasm-text.ts` assembles it): three loops over octets and the
 * comparing of what they point at. Addresses are octets of the one memory; the layouts of what lies there are made by
 * `search-tables.ts`, which names the same fields.
 *
 *     filter    hit count | hits | stamps | stamp | patterns | long class | middle class | short class |
 *               whether the octets stand alone                                                          (i32 each)
 *     pattern   octets in lower case | length | where its piece begins                                        (i32 each)
 *     class     bits | word shift | octets of a sample as a mask | step | buckets | bucket shift | octets of a sample |
 *               length of a piece | entries' piece mask (i64) | flags | flags shift
 *     bucket    first entry; the next bucket's is the end of its own                                           (i32)
 *     entry     piece (i64) | pattern | how far the sample lies behind the piece's beginning
 *     short     low and high halves of a first octet, then of a second: eight groups as bits (4 x 16 octets) |
 *               first entry by first octet (257 x i32)
 *     its entry octets | mask | pattern | length                                                              (i32 each)
 */

/** Odd numbers whose bits are spread, for 16 bits of three octets. */
export const pairMultiplier = 0x9e37;
export const thirdMultiplier = 0x79b1;

/** `search(filter, begin, fresh, end, isLongOnly)`: hits of what ends behind `fresh` and lies in `[begin, end)`. */
export const searchText = `
(module
  (memory 1 65536)

  (func $search (export "search")
    (param $filter i32) (param $begin i32) (param $fresh i32) (param $end i32) (param $isLongOnly i32)
    (local $class i32)
    (if (local.tee $class (i32.load offset=20 (local.get $filter))) (then
      (call $sample (local.get $filter) (local.get $class)
        (local.get $begin) (local.get $fresh) (local.get $end) (local.get $begin) (local.get $end))))
    (if (local.get $isLongOnly) (then (return)))
    (if (local.tee $class (i32.load offset=24 (local.get $filter))) (then
      (call $eight (local.get $filter) (local.get $class) (local.get $begin) (local.get $fresh) (local.get $end))))
    (if (local.tee $class (i32.load offset=28 (local.get $filter))) (then
      (call $short (local.get $filter) (local.get $class) (local.get $begin) (local.get $fresh) (local.get $end)))))

  ;; Of every piece in the range one sample is looked at: they lie a step apart, here from $at to $to. Four at a time, for most are unknown.
  (func $sample
    (param $filter i32) (param $class i32) (param $begin i32) (param $fresh i32) (param $end i32) (param $at i32) (param $to i32)
    (local $last i32) (local $bits i32) (local $shift i32) (local $mask i32) (local $step i32)
    (local $fourth i32) (local $a i32) (local $b i32) (local $c i32) (local $d i32)
    (local.set $bits (i32.load (local.get $class)))
    (local.set $shift (i32.load offset=4 (local.get $class)))
    (local.set $mask (i32.load offset=8 (local.get $class)))
    (local.set $step (i32.load offset=12 (local.get $class)))
    (local.set $last (i32.sub (local.get $to) (i32.load offset=24 (local.get $class))))
    (loop $next
      (local.set $fourth (i32.add (local.get $at) (i32.mul (local.get $step) (i32.const 3))))
      (if (i32.le_s (local.get $fourth) (local.get $last)) (then
        (local.set $a ${key("(local.get $at)")})
        (local.set $b ${key("(i32.add (local.get $at) (local.get $step))")})
        (local.set $c ${key("(i32.sub (local.get $fourth) (local.get $step))")})
        (local.set $d ${key("(local.get $fourth)")})
        (if (i32.and (i32.const 1) (i32.or
              (i32.or ${known("$a")} ${known("$b")})
              (i32.or ${known("$c")} ${known("$d")}))) (then
          ${verify("$a", "(local.get $at)")}
          ${verify("$b", "(i32.add (local.get $at) (local.get $step))")}
          ${verify("$c", "(i32.sub (local.get $fourth) (local.get $step))")}
          ${verify("$d", "(local.get $fourth)")}))
        (local.set $at (i32.add (local.get $fourth) (local.get $step)))
        (br $next))))
    (loop $rest
      (if (i32.le_s (local.get $at) (local.get $last)) (then
        (local.set $a ${key("(local.get $at)")})
        ${verify("$a", "(local.get $at)")}
        (local.set $at (i32.add (local.get $at) (local.get $step)))
        (br $rest)))))

  ;; The same for samples of three octets two apart: eight in sixteen octets, by 16 bits of another key.
  (func $eight
    (param $filter i32) (param $class i32) (param $begin i32) (param $fresh i32) (param $end i32)
    (local $at i32) (local $last i32) (local $flags i32) (local $shift i32)
    (local $fold v128) (local $low v128) (local $forPair v128) (local $forThird v128)
    (local.set $flags (i32.load offset=40 (local.get $class)))
    (local.set $shift (i32.load offset=44 (local.get $class)))
    (local.set $fold (i8x16.splat (i32.const 0x20)))
    (local.set $low (i16x8.splat (i32.const 0xff)))
    (local.set $forPair (i16x8.splat (i32.const ${pairMultiplier})))
    (local.set $forThird (i16x8.splat (i32.const ${thirdMultiplier})))
    (local.set $at (local.get $begin))
    (local.set $last (i32.sub (local.get $end) (i32.const 17)))
    (loop $next
      (if (i32.le_s (local.get $at) (local.get $last)) (then
        (v128.store (i32.const 0) (i16x8.shr_u
          (i16x8.add
            (i16x8.mul (local.get $forPair) (v128.or (local.get $fold) (v128.load (local.get $at))))
            (i16x8.mul (local.get $forThird)
              (v128.and (local.get $low) (v128.or (local.get $fold) (v128.load offset=2 (local.get $at))))))
          (local.get $shift)))
        (if (i32.or
              (i32.or (i32.or ${flag(0)} ${flag(1)}) (i32.or ${flag(2)} ${flag(3)}))
              (i32.or (i32.or ${flag(4)} ${flag(5)}) (i32.or ${flag(6)} ${flag(7)}))) (then
          (call $sample (local.get $filter) (local.get $class)
            (local.get $begin) (local.get $fresh) (local.get $end)
            (local.get $at) (i32.add (local.get $at) (i32.const 17)))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $next))))
    (call $sample (local.get $filter) (local.get $class)
      (local.get $begin) (local.get $fresh) (local.get $end) (local.get $at) (local.get $end)))

  ;; Compares the pieces that have this sample.
  (func $verify
    (param $filter i32) (param $class i32) (param $key i32) (param $at i32) (param $begin i32) (param $fresh i32) (param $end i32)
    (local $entry i32) (local $stop i32) (local $from i32) (local $length i32)
    (local.set $entry (i32.add (i32.load offset=16 (local.get $class))
      (i32.shl (i32.shr_u (local.get $key) (i32.load offset=20 (local.get $class))) (i32.const 2))))
    (local.set $stop (i32.load offset=4 (local.get $entry)))
    (local.set $entry (i32.load (local.get $entry)))
    (local.set $length (i32.load offset=28 (local.get $class)))
    (loop $next
      (if (i32.lt_u (local.get $entry) (local.get $stop)) (then
        (local.set $from (i32.sub (local.get $at) (i32.load offset=12 (local.get $entry))))
        (if (i64.eq (i64.load (local.get $entry))
              (i64.and (i64.load offset=32 (local.get $class))
                (i64.or (i64.load (local.get $from)) (i64.const 0x2020202020202020)))) (then
          (if (i32.ge_u (local.get $from) (local.get $begin)) (then
            (if (i32.le_u (i32.add (local.get $from) (local.get $length)) (local.get $end)) (then
              (if (i32.gt_u (i32.add (local.get $from) (local.get $length)) (local.get $fresh)) (then
                (call $confirm (local.get $filter) (i32.load offset=8 (local.get $entry))
                  (local.get $from) (local.get $begin) (local.get $end))))))))))
        (local.set $entry (i32.add (local.get $entry) (i32.const 16)))
        (br $next)))))

  ;; Compares as much of the pattern as lies in the range, case aside, and notes it once. Of octets that stand alone all must.
  (func $confirm (param $filter i32) (param $pattern i32) (param $from i32) (param $begin i32) (param $end i32)
    (local $stamp i32) (local $row i32) (local $octets i32) (local $index i32) (local $length i32) (local $octet i32)
    (local.set $stamp (i32.add (i32.load offset=8 (local.get $filter)) (i32.shl (local.get $pattern) (i32.const 2))))
    (if (i32.eq (i32.load (local.get $stamp)) (i32.load offset=12 (local.get $filter))) (then (return)))
    (local.set $row (i32.add (i32.load offset=16 (local.get $filter)) (i32.mul (local.get $pattern) (i32.const 12))))
    (local.set $from (i32.sub (local.get $from) (i32.load offset=8 (local.get $row))))
    (local.set $octets (i32.load (local.get $row)))
    (local.set $length (i32.load offset=4 (local.get $row)))
    (if (i32.lt_s (local.get $from) (local.get $begin)) (then
      (if (i32.load offset=32 (local.get $filter)) (then (return)))
      (local.set $index (i32.sub (local.get $begin) (local.get $from)))))
    (if (i32.gt_s (local.get $length) (i32.sub (local.get $end) (local.get $from))) (then
      (if (i32.load offset=32 (local.get $filter)) (then (return)))
      (local.set $length (i32.sub (local.get $end) (local.get $from)))))
    (loop $next
      (if (i32.lt_s (local.get $index) (local.get $length)) (then
        (local.set $octet (i32.load8_u (i32.add (local.get $from) (local.get $index))))
        (if (i32.lt_u (i32.sub (local.get $octet) (i32.const 0x41)) (i32.const 26)) (then
          (local.set $octet (i32.or (local.get $octet) (i32.const 0x20)))))
        (if (i32.ne (local.get $octet) (i32.load8_u (i32.add (local.get $octets) (local.get $index)))) (then (return)))
        (local.set $index (i32.add (local.get $index) (i32.const 1)))
        (br $next))))
    (i32.store (local.get $stamp) (i32.load offset=12 (local.get $filter)))
    (i32.store
      (i32.add (i32.load offset=4 (local.get $filter)) (i32.shl (i32.load (local.get $filter)) (i32.const 2)))
      (local.get $pattern))
    (i32.store (local.get $filter) (i32.add (i32.load (local.get $filter)) (i32.const 1))))

  ;; Sixteen places at a time: the halves of two octets say which groups of patterns may begin there.
  (func $short (param $filter i32) (param $class i32) (param $begin i32) (param $fresh i32) (param $end i32)
    (local $at i32) (local $first v128) (local $second v128) (local $places i32)
    (local $low v128) (local $fold v128) (local $none v128)
    (local $firstLow v128) (local $firstHigh v128) (local $secondLow v128) (local $secondHigh v128)
    (local.set $firstLow (v128.load (local.get $class)))
    (local.set $firstHigh (v128.load offset=16 (local.get $class)))
    (local.set $secondLow (v128.load offset=32 (local.get $class)))
    (local.set $secondHigh (v128.load offset=48 (local.get $class)))
    (local.set $low (i8x16.splat (i32.const 0x0f)))
    (local.set $fold (i8x16.splat (i32.const 0x20)))
    (local.set $at (local.get $begin))
    (loop $next
      (if (i32.lt_u (local.get $at) (local.get $end)) (then
        (local.set $first (v128.or (v128.load (local.get $at)) (local.get $fold)))
        (local.set $second (v128.or (v128.load offset=1 (local.get $at)) (local.get $fold)))
        (local.set $first (v128.and
          (v128.and
            (i8x16.relaxed_swizzle (local.get $firstLow) (v128.and (local.get $first) (local.get $low)))
            (i8x16.relaxed_swizzle (local.get $firstHigh) (i8x16.shr_u (local.get $first) (i32.const 4))))
          (v128.and
            (i8x16.relaxed_swizzle (local.get $secondLow) (v128.and (local.get $second) (local.get $low)))
            (i8x16.relaxed_swizzle (local.get $secondHigh) (i8x16.shr_u (local.get $second) (i32.const 4))))))
        (if (v128.any_true (local.get $first)) (then
          (local.set $places (i32.sub (i32.const 0xffff)
            (i8x16.bitmask (i8x16.eq (local.get $first) (local.get $none)))))
          (loop $place
            (call $compare (local.get $filter) (local.get $class)
              (i32.add (local.get $at) (i32.ctz (local.get $places))) (local.get $fresh) (local.get $end))
            (br_if $place (local.tee $places
              (i32.and (local.get $places) (i32.sub (local.get $places) (i32.const 1))))))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $next)))))

  ;; Compares the short patterns that begin with the octet at this place.
  (func $compare (param $filter i32) (param $class i32) (param $at i32) (param $fresh i32) (param $end i32)
    (local $entry i32) (local $stop i32) (local $word i32) (local $behind i32)
    (local.set $word (i32.or (i32.load (local.get $at)) (i32.const 0x20202020)))
    (local.set $entry (i32.add (local.get $class) (i32.shl (i32.and (local.get $word) (i32.const 0xff)) (i32.const 2))))
    (local.set $stop (i32.load offset=68 (local.get $entry)))
    (local.set $entry (i32.load offset=64 (local.get $entry)))
    (loop $next
      (if (i32.lt_u (local.get $entry) (local.get $stop)) (then
        (if (i32.eq (i32.and (local.get $word) (i32.load offset=4 (local.get $entry))) (i32.load (local.get $entry))) (then
          (local.set $behind (i32.add (local.get $at) (i32.load offset=12 (local.get $entry))))
          (if (i32.le_u (local.get $behind) (local.get $end)) (then
            (if (i32.gt_u (local.get $behind) (local.get $fresh)) (then
              (call $confirm (local.get $filter) (i32.load offset=8 (local.get $entry))
                (local.get $at) (local.get $at) (local.get $end))))))))
        (local.set $entry (i32.add (local.get $entry) (i32.const 16)))
        (br $next)))))
)`;

/** One of eight samples: whether some piece may have it. */
function flag(sample: number): string {
	return `(i32.load8_u (i32.add (local.get $flags) (i32.load16_u offset=${2 * sample} (i32.const 0))))`;
}

/** Octets of a sample without the case of letters, spread over 32 bits (Knuth's multiplier). */
function key(at: string): string {
	return `(i32.mul (i32.const 0x9e3779b1) (i32.and (local.get $mask) (i32.or (i32.load ${at}) (i32.const 0x20202020))))`;
}

/** The lowest bit says whether some piece has the sample: the high bits of the key choose a word, its low ones a bit. */
function known(local: string): string {
	const word = `(i32.and (i32.shr_u (local.get ${local}) (local.get $shift)) (i32.const -4))`;
	return `(i32.shr_u (i32.load (i32.add (local.get $bits) ${word})) (local.get ${local}))`;
}

function verify(local: string, at: string): string {
	const ranges = "(local.get $begin) (local.get $fresh) (local.get $end)";
	return `(if (i32.and (i32.const 1) ${known(local)}) (then
		(call $verify (local.get $filter) (local.get $class) (local.get ${local}) ${at} ${ranges})))`;
}
