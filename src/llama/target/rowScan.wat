;; Scans one row of logits with SIMD. The row starts at byte 0; results are written behind it by the caller's layout.
;; Built by the wabt package when the engine is bundled.
(module
  (memory (import "env" "memory") 1)

  ;; The k best of n floats, best first, equal ones in order of index; NaN never ranks. n is a multiple of 4 (the
  ;; caller pads with -inf). Writes k tokens (i32) at $tokens and k logits (f32) at $logits; returns how many were found.
  (func (export "topK") (param $n i32) (param $k i32) (param $tokens i32) (param $logits i32) (result i32)
    (local $i i32) (local $count i32) (local $threshold f32) (local $lane i32) (local $value f32) (local $slot i32)
    (local.set $threshold (f32.const -inf))
    (block $done
      (loop $rows
        (br_if $done (i32.ge_s (local.get $i) (local.get $n)))
        ;; Most groups of four hold nothing above the k-th best so far: one compare and go on.
        (if (v128.any_true (f32x4.gt
              (v128.load (i32.shl (local.get $i) (i32.const 2)))
              (f32x4.splat (local.get $threshold))))
          (then
            (local.set $lane (i32.const 0))
            (block $lanesDone
              (loop $lanes
                (br_if $lanesDone (i32.ge_s (local.get $lane) (i32.const 4)))
                (local.set $value
                  (f32.load (i32.shl (i32.add (local.get $i) (local.get $lane)) (i32.const 2))))
                (if (f32.gt (local.get $value) (local.get $threshold))
                  (then
                    ;; Insertion sort: the last slot is free or falls out.
                    (if (i32.lt_s (local.get $count) (local.get $k))
                      (then (local.set $count (i32.add (local.get $count) (i32.const 1)))))
                    (local.set $slot (i32.sub (local.get $count) (i32.const 1)))
                    (block $placed
                      (loop $shift
                        (br_if $placed (i32.le_s (local.get $slot) (i32.const 0)))
                        (br_if $placed (f32.ge
                          (f32.load (i32.add (local.get $logits)
                            (i32.shl (i32.sub (local.get $slot) (i32.const 1)) (i32.const 2))))
                          (local.get $value)))
                        (f32.store (i32.add (local.get $logits) (i32.shl (local.get $slot) (i32.const 2)))
                          (f32.load (i32.add (local.get $logits)
                            (i32.shl (i32.sub (local.get $slot) (i32.const 1)) (i32.const 2)))))
                        (i32.store (i32.add (local.get $tokens) (i32.shl (local.get $slot) (i32.const 2)))
                          (i32.load (i32.add (local.get $tokens)
                            (i32.shl (i32.sub (local.get $slot) (i32.const 1)) (i32.const 2)))))
                        (local.set $slot (i32.sub (local.get $slot) (i32.const 1)))
                        (br $shift)))
                    (f32.store (i32.add (local.get $logits) (i32.shl (local.get $slot) (i32.const 2)))
                      (local.get $value))
                    (i32.store (i32.add (local.get $tokens) (i32.shl (local.get $slot) (i32.const 2)))
                      (i32.add (local.get $i) (local.get $lane)))
                    (if (i32.eq (local.get $count) (local.get $k))
                      (then (local.set $threshold (f32.load (i32.add (local.get $logits)
                        (i32.shl (i32.sub (local.get $k) (i32.const 1)) (i32.const 2)))))))))
                (local.set $lane (i32.add (local.get $lane) (i32.const 1)))
                (br $lanes)))))
        (local.set $i (i32.add (local.get $i) (i32.const 4)))
        (br $rows)))
    (local.get $count))

  ;; Sum of exp(x - max) over n floats, n a multiple of 4. exp by 2^round(t) times a polynomial of degree 5 in the
  ;; fraction, |fraction| <= 0.5: relative error about 2e-7 per term. Terms below 2^-126 count as 2^-126 at most.
  (func (export "sumExp") (param $n i32) (param $max f32) (result f32)
    (local $i i32) (local $t v128) (local $whole v128) (local $p v128) (local $sum v128)
    (block $done
      (loop $rows
        (br_if $done (i32.ge_s (local.get $i) (local.get $n)))
        (local.set $t (f32x4.max
          (f32x4.mul
            (f32x4.sub (v128.load (i32.shl (local.get $i) (i32.const 2))) (f32x4.splat (local.get $max)))
            (f32x4.splat (f32.const 1.44269504)))
          (f32x4.splat (f32.const -126))))
        (local.set $whole (f32x4.nearest (local.get $t)))
        (local.set $t (f32x4.sub (local.get $t) (local.get $whole)))
        (local.set $p (f32x4.splat (f32.const 0.0013333558)))
        (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $t)) (f32x4.splat (f32.const 0.0096181291))))
        (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $t)) (f32x4.splat (f32.const 0.0555041087))))
        (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $t)) (f32x4.splat (f32.const 0.2402265070))))
        (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $t)) (f32x4.splat (f32.const 0.6931471806))))
        (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $t)) (f32x4.splat (f32.const 1))))
        (local.set $sum (f32x4.add (local.get $sum)
          (f32x4.mul (local.get $p)
            (i32x4.shl
              (i32x4.add (i32x4.trunc_sat_f32x4_s (local.get $whole)) (i32x4.splat (i32.const 127)))
              (i32.const 23)))))
        (local.set $i (i32.add (local.get $i) (i32.const 4)))
        (br $rows)))
    (f32.add
      (f32.add (f32x4.extract_lane 0 (local.get $sum)) (f32x4.extract_lane 1 (local.get $sum)))
      (f32.add (f32x4.extract_lane 2 (local.get $sum)) (f32x4.extract_lane 3 (local.get $sum)))))
)
