#!/bin/sh
# Answers one message of a workspace: standard input is its text, standard output the answer. In the folder it counts in:
#   ./molecule connect WORKSPACE-ID --backend exec --backend-opt 'cmd=sh lab/demo/counter.sh' ...
# Whoever can reach the workspace wrote the text: compare it, as here, and never run it.
set -eu
case $(cat) in
  *'test files'*) echo "$(find test -name '*.test.ts' | wc -l | tr -d ' ') test files" ;;
  *documents*) echo "$(find docs -name '*.md' | wc -l | tr -d ' ') documents" ;;
  *) echo 'I count test files and documents. Name one of them.' ;;
esac
