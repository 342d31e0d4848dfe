#!/usr/bin/env bash
# make run: builds what is missing and starts the demo on its fixed addresses. Ctrl-C ends it.
set -euo pipefail
# shellcheck source=scripts/demo.sh
source "$(dirname "${BASH_SOURCE[0]}")/demo.sh"

profile="${WISEPAY_PROFILE:-release}"
listen="${WISEPAY_LISTEN:-127.0.0.1:3000}"
simulators="${WISEPAY_SIMULATORS_LISTEN:-127.0.0.1:3900}"
for address in "$listen" "$simulators"; do
  ! port_taken "${address##*:}" ||
    fail "Port ${address##*:} is taken; stop what listens there (another make run?), then run make again."
done

need_site_tools
build "$profile"
say "Starting the demo. Press Ctrl-C to stop it."
# exec: the demo takes this script's place, so that Ctrl-C and a service manager's signals reach it directly.
exec "$ROOT/target/run/$profile/wisepay" demo
