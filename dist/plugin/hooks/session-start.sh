#!/bin/sh
# Says on the screen, when a session starts, why it will not show messages. What it prints is what the host reads from a
# hook. Plain sh, so that it can say that there is no Bun.
# $1: the folder of the plugin's programs.

# A program that drives the client shows no screen.
[ "${CLAUDE_CODE_ENTRYPOINT:-cli}" = cli ] || exit 0
if ! command -v bun >/dev/null 2>&1; then
  echo '{"systemMessage":"Molecule channel: it cannot start, since Claude Code finds no bun on its PATH: run npm i -g bun, then start Claude Code again."}'
  exit 0
fi
# As for the plugin's own process: variables and files that are meant for the Bun of a project.
unset BUN_OPTIONS BUN_INSPECT BUN_INSPECT_CONNECT_TO BUN_INSPECT_NOTIFY BUN_INSPECT_PRELOAD
cd "$1" && exec bun --no-env-file "$1/start.js" --notice
