#!/bin/sh
# Make the virtual environment named by $1 and install what requirements.txt pins. Debian splits `venv` off python3.
set -eu
venv=$1
python=${PYTHON:-python3}
here=$(dirname "$0")
if ! "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'; then
    echo "setup: Python 3.11 to 3.13 is needed, $python is $("$python" -V 2>&1); name another with PYTHON=..." >&2
    exit 2
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    sh "$here/packages.sh" python3-venv
fi
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
echo "setup: installing the pinned Python packages into $venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
# As pip does for what it copies: an editable install would be compiled anew by each start until one may write.
"$venv/bin/python" -m compileall -q agent resolver bench
