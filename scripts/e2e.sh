#!/usr/bin/env bash
# make e2e: the browser tests of end2end against a demo of their own. Arguments go to Playwright:
#   scripts/e2e.sh pay.spec.ts --project=phone
# E2E_PROFILE=release tests the server that ships.
set -euo pipefail
# shellcheck source=scripts/demo.sh
source "$(dirname "${BASH_SOURCE[0]}")/demo.sh"

start_demo
say "Browser tests (Playwright with $CHROMIUM)"
cd end2end
code=0
playwright test "$@" || code=$?
((code == 0)) || note "The server's log is target/demo.log; traces of failed tests are in end2end/test-results."
exit "$code"
