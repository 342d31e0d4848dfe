#!/usr/bin/env bash
# make size: the weight of every file that the browser may load, and of Pay Now in particular; fails over budget.
set -euo pipefail
# shellcheck source=scripts/demo.sh
source "$(dirname "${BASH_SOURCE[0]}")/demo.sh"

start_demo
node scripts/size.mjs
