#!/usr/bin/env bash
# make soak: payments through five processes that are killed all the time (server/tests/it/soak.rs). Prints its seed and
# its counts. SOAK_PAYMENTS says how many (2000), SOAK_SECONDS ends it earlier, WISEPAY_SEED plans an earlier run again.
# With a PostgreSQL in TEST_POSTGRES_URL it takes that, otherwise one of its own.
set -euo pipefail
# shellcheck source=scripts/postgres.sh
source "$(dirname "${BASH_SOURCE[0]}")/postgres.sh"

# The lock for the whole run: the test starts the freshly built `debug/wisepay`, which another clone would replace.
soak() {
  with_lock cargo nextest run "${SERVER_CRATES[@]}" --run-ignored only --no-capture -E 'package(server) & test(/^soak::/)'
}

need_build_packages
need_rust
need_nextest
if [[ -z "${TEST_POSTGRES_URL:-}" ]]; then
  need_packages "postgresql:/usr/lib/postgresql/*/bin/initdb"
  trap stop_postgres EXIT
  start_postgres
fi
say "Soak (says every 15 seconds how far it is) …"
soak
