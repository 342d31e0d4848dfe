#!/usr/bin/env bash
# make fuzz: every target of fuzz/ for FUZZ_SECONDS (60) each, under the address sanitizer. What breaks one stands in
# target/fuzz/artifacts, and the run goes on. `scripts/fuzz.sh stripe_webhook …` runs those alone.
set -euo pipefail
# shellcheck source=scripts/tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"

readonly SECONDS_EACH="${FUZZ_SECONDS:-60}" LOGS="$ROOT/target/test-logs" FOUND="$ROOT/target/fuzz"
# The sanitizer's flags are of the whole build, so it has a folder of its own.
export CARGO_TARGET_DIR="$CACHE/target-fuzz"

need_fuzz() {
  have cargo-fuzz || cargo install --locked --quiet --root "$CACHE/tools" cargo-fuzz
  rustup toolchain list | grep -q '^nightly' || rustup toolchain install nightly --profile minimal
}

need_build_packages
need_rust
need_fuzz
mkdir -p "$LOGS"
# The versions of the workspace, which are those that ship.
cp Cargo.lock fuzz/Cargo.lock
say "Building what is fuzzed …"
cargo +nightly fuzz build || fail "The fuzz targets do not build; the compiler's message above says why."
targets=("$@")
((${#targets[@]})) || mapfile -t targets < <(cargo +nightly fuzz list)
broken=()
say "Fuzzing ${#targets[@]} targets for $SECONDS_EACH s each …"
for target in "${targets[@]}"; do
  mkdir -p "$FOUND/corpus/$target" "$FOUND/artifacts/$target"
  if cargo +nightly fuzz run "$target" "$FOUND/corpus/$target" -- -max_total_time="$SECONDS_EACH" -max_len=16384 \
    -timeout=20 -artifact_prefix="$FOUND/artifacts/$target/" >"$LOGS/fuzz-$target.log" 2>&1; then
    note "$target: $(grep -oE '^Done [0-9]+ runs' "$LOGS/fuzz-$target.log" || echo "no count")"
  else
    note "$target: BROKEN (target/test-logs/fuzz-$target.log)"
    broken+=("$target")
  fi
done
((${#broken[@]} == 0)) || fail "${#broken[@]} of ${#targets[@]} targets broke."
