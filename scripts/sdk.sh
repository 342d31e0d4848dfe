#!/usr/bin/env bash
# The vendors' own SDKs drive the simulators: what they cannot read, no real client of the vendor could. Arguments go to
# Node's test runner. SIMULATORS_URL names simulators that run already; without it each test starts some of its own.
set -euo pipefail
# shellcheck source=scripts/build.sh
source "$(dirname "${BASH_SOURCE[0]}")/build.sh"

need_site_tools
if [[ -z "${SIMULATORS_URL:-}" ]]; then
  build dev
fi
say "The vendors' own SDKs (node --test)"
cd end2end
node --test "$@" sdk/*.test.mjs
