#!/usr/bin/env bash
# Makes .venv from the exact pins of requirements.lock. Costs nothing when it is already done.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "Sales Coach needs Python 3.11 or newer; $("$python" --version) was found. Name another with PYTHON=..." >&2
  exit 2
}

stamp=.venv/.bootstrap-stamp
state=$(cat requirements.lock pyproject.toml scripts/bootstrap.sh | cksum)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$state" ] && exit 0

log=.venv/bootstrap.log
echo "Setting up .venv (once; a few minutes on a slow line) ..." >&2
"$python" -m venv .venv

install_with_uv() {
  .venv/bin/python -m pip install --quiet "$(grep '^uv==' requirements.lock)" || return
  # uv does not read pip's settings. A local folder of wheels wins; elsewhere take torch's CPU build.
  if [ -n "${PIP_FIND_LINKS:-}" ]; then
    export UV_FIND_LINKS=${UV_FIND_LINKS:-$PIP_FIND_LINKS}
  elif [ -z "${UV_FIND_LINKS:-}" ]; then
    export UV_TORCH_BACKEND=${UV_TORCH_BACKEND:-cpu}
  fi
  .venv/bin/uv pip install --python .venv/bin/python --compile-bytecode -r requirements.lock &&
    .venv/bin/uv pip install --python .venv/bin/python --no-deps -e .
}

install_with_pip() {
  echo "uv could not install the packages; trying pip ..." >&2
  .venv/bin/python -m pip install --quiet -r requirements.lock &&
    .venv/bin/python -m pip install --quiet --no-deps -e .
}

if ! { install_with_uv || install_with_pip; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "The packages could not be installed; the whole log is in $log." >&2
  exit 1
fi
echo "$state" >"$stamp"
echo "Packages are in place." >&2
