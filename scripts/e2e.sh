#!/usr/bin/env bash
# make e2e: the browser tests of end2end against a demo of their own, on a wide screen and on a phone side by side, each with
# its own. Arguments go to Playwright, and then there is one demo:
#   scripts/e2e.sh pay.spec.ts --project=phone
# E2E_PROFILE=release tests the server that ships.
set -euo pipefail
# shellcheck source=scripts/demo.sh
source "$(dirname "${BASH_SOURCE[0]}")/demo.sh"

if (($# == 0)); then
  # Once for both, and what is missing is installed once.
  need_site_tools
  need_browser
  build "${E2E_PROFILE:-dev}"
  DEMO_LOG_NAME=demo-desktop scripts/e2e.sh --project=desktop --output=test-results/desktop &
  desktop=$!
  code=0
  DEMO_LOG_NAME=demo-phone scripts/e2e.sh --project=phone --output=test-results/phone || code=$?
  wait "$desktop" || code=$?
  exit "$code"
fi

start_demo
say "Browser tests (Playwright with $CHROMIUM)"
cd end2end
code=0
playwright test "$@" || code=$?
((code == 0)) || note "The server's log is ${DEMO_LOG#"$ROOT/"}; traces of failed tests are in end2end/test-results."
exit "$code"
