#!/usr/bin/env bash
# make e2e: the browser tests of end2end against a demo of their own. Arguments go to Playwright:
#   scripts/e2e.sh pay.spec.ts --project=phone
# E2E_PROFILE=release tests the server that ships; dev (the default) shares its compiled parts with the Rust tests.
set -euo pipefail
# shellcheck source=scripts/demo.sh
source "$(dirname "${BASH_SOURCE[0]}")/demo.sh"

profile="${E2E_PROFILE:-dev}"
need_site_tools
need_browser
build "$profile"
start_demo "$profile"
say "Browser tests (Playwright with $CHROMIUM)"
cd end2end
code=0
playwright test "$@" || code=$?
((code == 0)) || note "The server's log is target/demo.log; traces of failed tests are in end2end/test-results."
exit "$code"
