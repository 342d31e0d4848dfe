#!/usr/bin/env bash
# make demo-reset: fresh demo data. A demo that runs is asked to start over; otherwise its folder is removed.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

simulators="http://${WISEPAY_SIMULATORS_LISTEN:-127.0.0.1:3900}"
if curl -fsS -m 2 "$simulators/demo.json" >/dev/null 2>&1; then
  curl -fsS -m 120 -X POST "$simulators/control/reset" >/dev/null ||
    fail "The running demo refused to start over; stop it with Ctrl-C, then run make demo-reset again."
  note "The running demo has fresh data; sign in again."
else
  rm -rf data/demo
  note "The demo's data are gone; the next make run makes fresh ones."
fi
