#!/usr/bin/env bash
# Starts and stops a private demo for e2e.sh and size.sh: free ports, a data folder of its own, gone afterwards.
# Sourced, never run. `make run` is run.sh.
set -euo pipefail
# shellcheck source=scripts/build.sh
source "$(dirname "${BASH_SOURCE[0]}")/build.sh"

readonly DEMO_START_SECONDS=120
DEMO_PID=

# Builds what is missing and starts a demo. E2E_PROFILE=release takes the server that ships; dev (the default) shares its
# compiled parts with the Rust tests. Sets PORTAL_URL, SIMULATORS_URL and SITE, the folder of what the browser loads.
start_demo() {
  local profile="${E2E_PROFILE:-dev}" portal simulators
  need_site_tools
  need_browser
  build "$profile"
  portal="$(free_port)"
  simulators="$(free_port)"
  DEMO_FOLDER="$(mktemp -d)"
  DEMO_LOG="$ROOT/target/${DEMO_LOG_NAME:-demo}.log"
  export PORTAL_URL="http://127.0.0.1:$portal" SIMULATORS_URL="http://127.0.0.1:$simulators"
  export SITE="$ROOT/target/run/$profile/site"
  trap stop_demo EXIT
  say "Starting a demo for the tests at $PORTAL_URL …"
  # Rate limits off: the tests sign in more often from one address than people do. `exec`, so that $! is the demo itself
  # and not a shell around it.
  (
    exec env WISEPAY_LISTEN="127.0.0.1:$portal" WISEPAY_SIMULATORS_LISTEN="127.0.0.1:$simulators" \
      WISEPAY_DATA_DIR="$DEMO_FOLDER" WISEPAY_RATE_LIMITS=off \
      "target/run/$profile/wisepay" demo >"$DEMO_LOG" 2>&1 9>&-
  ) &
  DEMO_PID=$!
  wait_for_demo
}

wait_for_demo() {
  local until=$((SECONDS + DEMO_START_SECONDS))
  until curl -fsS -m 2 "$PORTAL_URL/health/ready" >/dev/null 2>&1 && curl -fsS -m 2 "$SIMULATORS_URL/demo.json" >/dev/null 2>&1; do
    if ! kill -0 "$DEMO_PID" 2>/dev/null; then
      tail -n 20 "$DEMO_LOG" >&2
      fail "The demo ended before it was ready; its last words stand above, all of them in $DEMO_LOG."
    fi
    if ((SECONDS > until)); then
      tail -n 20 "$DEMO_LOG" >&2
      fail "The demo was not ready within $DEMO_START_SECONDS seconds; $DEMO_LOG tells what it did."
    fi
    sleep 0.2
  done
}

stop_demo() {
  if [[ -n "$DEMO_PID" ]]; then
    # Not SIGINT: bash starts what runs in the background with that one ignored.
    kill -TERM "$DEMO_PID" 2>/dev/null || true
    for _ in {1..50}; do
      kill -0 "$DEMO_PID" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "$DEMO_PID" 2>/dev/null || true
    wait "$DEMO_PID" 2>/dev/null || true
    DEMO_PID=
    rm -rf "$DEMO_FOLDER"
  fi
}
