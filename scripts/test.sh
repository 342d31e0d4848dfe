#!/usr/bin/env bash
# make test: the whole suite. Goes on after a failed step, so that one run tells everything; the last line counts.
set -euo pipefail
# shellcheck source=scripts/postgres.sh
source "$(dirname "${BASH_SOURCE[0]}")/postgres.sh"

readonly LOGS="$ROOT/target/test-logs"

passed=0
failed=0
times=()

# step "name" log command … : runs it, keeps its output, and adds up what it counted. A failed step that counted no
# failure of its own counts as one.
step() {
  local name=$1 log="$LOGS/$2.log" begun=$SECONDS code=0 before=$failed
  shift 2
  say "$name"
  "$@" 2>&1 | tee "$log" || code=$?
  count "$log"
  if ((code != 0 && failed == before)); then failed=$((failed + 1)); fi
  times+=("$(printf '%-32s %12s  %s' "$name" "$(duration $((SECONDS - begun)))" "$([[ $code == 0 ]] && echo ok || echo FAILED)")")
}

# Reads the summaries of cargo-nextest, of doc tests, of Playwright and of Node's test runner.
count() {
  local plain
  plain="$(sed 's/\x1b\[[0-9;]*m//g' "$1")"
  add passed "$(grep -oE 'Summary .*' <<<"$plain" | grep -oE '[0-9]+ passed' || true)"
  add failed "$(grep -oE 'Summary .*' <<<"$plain" | grep -oE '[0-9]+ (failed|timed out|exec failed)' || true)"
  add passed "$(grep -E '^test result:' <<<"$plain" | grep -oE '[0-9]+ passed' || true)"
  add failed "$(grep -E '^test result:' <<<"$plain" | grep -oE '[0-9]+ failed' || true)"
  add passed "$(grep -oE '^ +[0-9]+ (passed|flaky)' <<<"$plain" || true)"
  add failed "$(grep -oE '^ +[0-9]+ (failed|did not run|interrupted)' <<<"$plain" || true)"
  add passed "$(sed -nE 's/^(#|ℹ) pass ([0-9]+)$/\2/p' <<<"$plain")"
  add failed "$(sed -nE 's/^(#|ℹ) (fail|cancelled) ([0-9]+)$/\3/p' <<<"$plain")"
}

# add variable "12 passed…": one figure a line.
add() {
  local -n total=$1
  local figure
  while read -r figure _; do
    [[ -z "$figure" ]] || total=$((total + figure))
  done <<<"$2"
}

# Many tests wait, for a time-out or a process that was killed: with one for each core, the cores have little to do.
rust_tests() {
  # The lock for the whole run: the tests start the freshly built `debug/wisepay`, which another clone would replace.
  with_lock cargo nextest run "${SERVER_CRATES[@]}" --no-fail-fast --test-threads "$(($(nproc) * 2))"
}

# With building data, coming to rest, and the weeks that go by then, about three minutes.
short_soak() { SOAK_SECONDS=60 scripts/soak.sh; }

doc_tests() { with_lock cargo test --doc "${SERVER_CRATES[@]}"; }

begun=$SECONDS
need_test_tools
mkdir -p "$LOGS"
if [[ -d "$ROOT/../shared/contracts" ]]; then
  CONTRACTS_DIR="$(cd "$ROOT/../shared/contracts" && pwd)"
  export CONTRACTS_DIR
else
  say "The folder ../shared/contracts is not there: requests and answers are NOT checked against the vendors' contracts."
fi

step "Checks" check scripts/check.sh
trap stop_postgres EXIT
start_postgres
step "Rust tests" rust rust_tests
step "Documentation examples" doc doc_tests
step "Soak" soak short_soak
step "Planted bugs" planted scripts/planted.sh
stop_postgres
step "Site and server" build scripts/build.sh dev
step "Vendors' own SDKs" sdk scripts/sdk.sh
step "Browser tests" e2e scripts/e2e.sh
step "Sizes" size scripts/size.sh

say "Times"
printf '    %s\n' "${times[@]}" "$(printf '%-32s %12s' 'in all' "$(duration $((SECONDS - begun)))")"
printf '\n%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
