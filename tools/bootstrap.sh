#!/bin/sh
# Installs what a make target needs: uv, the Pythons that fit, the locked environments. It runs nothing of the project.
# What is up to date is left alone at once; what cannot be had is named in one sentence with its remedy.
#
#   tools/bootstrap.sh ENVIRONMENT…     app, app-dev, nlu, nlu-dev, stock: each installs or updates one
#   tools/bootstrap.sh python app|nlu   prints the interpreter on this machine that fits, or nothing
set -eu

uv_wanted=0.13.9 # the same in Dockerfile and nlu/Dockerfile
uv_oldest=0.13

cd "$(dirname "$0")/.."
root=$(pwd)
# Neither an environment that happens to be active nor settings for other projects decide where we install.
unset VIRTUAL_ENV PYTHONHOME PYTHONPATH UV_PYTHON UV_PROJECT UV_WORKING_DIRECTORY
# uv brings its own certificates; behind a company's proxy only the system's know whom to trust.
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"; fi

say() { echo "hotline: $*" >&2; }

fail() {
    say "$*"
    exit 1
}

# --- Python ---------------------------------------------------------------------------------------------------------

path_directories() { echo "$PATH" | tr ':' '\n'; }

# Files that may be a Python 3.$1 … 3.$2, one per line, in the order of trust.
python_files() {
    path_directories | while IFS= read -r directory; do
        for minor in $(seq "$1" "$2"); do echo "$directory/python3.$minor"; done
        printf '%s\n' "$directory/python3" "$directory/python"
    done
    for versions in "${PYENV_ROOT:-${HOME:-}/.pyenv}/versions" \
        "${UV_PYTHON_INSTALL_DIR:-${HOME:-}/.local/share/uv/python}"; do
        for minor in $(seq "$1" "$2"); do printf '%s\n' "$versions"/*/bin/"python3.$minor"; done
    done
}

# Interpreters 3.$1 … 3.$2 that really run (a pyenv shim of a version that is not active exits 127), are CPython and
# were built with the modules we import; the oldest first, since the lock files are tested on it.
pythons() {
    python_files "$1" "$2" | while IFS= read -r file; do
        [ -x "$file" ] || continue
        "$file" -I -c "
import ctypes, sqlite3, ssl, sys
if sys.implementation.name == 'cpython' and (3, $1) <= sys.version_info[:2] <= (3, $2):
    print(sys.version_info[1], getattr(sys, '_base_executable', None) or sys.executable)
" </dev/null 2>/dev/null || true
    done | sort -s -n -k 1,1 | cut -d ' ' -f 2-
}

# Which Pythons an environment runs on; rasa-sdk 3.21 ends at 3.14, Rasa 3.6 at 3.10.
fitting_python() {
    case $1 in
    app) pythons 11 14 | head -n 1 ;;
    nlu) pythons 10 10 | head -n 1 ;;
    *) fail "tools/bootstrap.sh python: app or nlu, not '$1'." ;;
    esac
}

# The interpreter for $1 (app or nlu), downloaded by uv when the machine has none.
python_for() {
    python=$(fitting_python "$1")
    if [ -z "$python" ]; then
        if [ "$1" = app ]; then version=3.11 range="3.11 to 3.14"; else version=3.10 range=3.10; fi
        say "no Python $range on this machine: downloading $version with uv"
        UV_PYTHON_DOWNLOADS=manual "$uv" python install --no-bin "$version" >&2 ||
            fail "Python $range is missing and could not be downloaded: install it so that 'python$version' runs" \
                "(for example with 'pyenv install $version'), or allow uv to download it, and run make again."
        python=$(UV_PYTHON_DOWNLOADS=never "$uv" python find --no-project --managed-python "$version")
    fi
    echo "$python"
}

# --- uv -------------------------------------------------------------------------------------------------------------

is_good_uv() {
    version=$("$1" --version 2>/dev/null </dev/null | cut -d ' ' -f 2) || return 1
    [ -n "$version" ] && printf '%s\n' "$uv_oldest" "$version" | sort -V -C
}

# Prints a uv that runs and is new enough: the one on the PATH, else the project's own under .uv/, made by pip.
find_uv() {
    {
        path_directories | sed 's|$|/uv|'
        echo "$root/.uv/bin/uv"
    } | while IFS= read -r file; do
        if [ -x "$file" ] && is_good_uv "$file"; then
            echo "$file"
            break
        fi
    done
}

install_uv() {
    python=$(pythons 8 14 | while IFS= read -r file; do
        if "$file" -m pip --version >/dev/null 2>&1 </dev/null; then
            echo "$file"
            break
        fi
    done)
    [ -n "$python" ] ||
        fail "uv $uv_oldest or newer is missing and there is no Python with pip to fetch it: install Python and pip" \
            "(Debian: apt-get install python3-pip) or uv itself (https://docs.astral.sh/uv), and run make again."
    say "fetching uv $uv_wanted into .uv/"
    # A user's pip settings (user = true, require-virtualenv) would refuse --target.
    PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_ROOT_USER_ACTION=ignore "$python" -m pip install --quiet --disable-pip-version-check \
        --no-warn-script-location --upgrade --target .uv "uv==$uv_wanted" >&2 ||
        fail "uv could not be fetched with '$python -m pip' (its message is above): give this machine access to the" \
            "Python package index, or install uv $uv_oldest or newer, and run make again."
    is_good_uv .uv/bin/uv || fail "the uv that pip put into .uv/ does not run: delete .uv/ and run make again."
}

# --- Environments ---------------------------------------------------------------------------------------------------

# sync NAME PROJECT PYTHON-OF STAMP UV-OPTIONS…: brings PROJECT/.venv to its lock file, unless STAMP says it is there.
# The stamp holds what the environment was made from, and where: entry points carry absolute paths, so that a moved or
# copied checkout is installed again.
sync() {
    name=$1 project=$2 python_of=$3 stamp=$2/.venv/$4
    shift 4
    [ -f "$project/uv.lock" ] || fail "$project/uv.lock is missing: this checkout is not complete."
    wanted="$(cat "$project/pyproject.toml" "$project/uv.lock" tools/bootstrap.sh | cksum) $root"
    if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && "$project/.venv/bin/python" -c '' 2>/dev/null; then
        return
    fi
    if [ "$python_of" = nlu ] && [ "$(uname -sm)" != "Linux x86_64" ]; then
        fail "Rasa 3.6 is locked for Linux on x86-64, this is $(uname -sm): use such a machine, or docker compose."
    fi
    uv=$(find_uv)
    [ -n "$uv" ] || { install_uv && uv=$root/.uv/bin/uv; }
    python=$(python_for "$python_of")
    say "installing $name"
    UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=.venv \
        "$uv" sync --quiet --frozen --project "$project" --python "$python" "$@" >&2 ||
        fail "$name could not be installed (uv's message is above): give this machine access to the Python package" \
            "index and some 1.5 GB of disk, and run make again."
    echo "$wanted" >"$stamp"
}

install_environment() {
    case $1 in
    # --inexact: leaves the development tools in place when they are there.
    app) sync "the app's environment (.venv)" . app .hotline-run --no-dev --inexact ;;
    nlu) sync "Rasa's environment (nlu/.venv)" nlu nlu .hotline-run --no-dev --inexact ;;
    app-dev)
        sync "the app's environment with its development tools (.venv)" . app .hotline-dev
        cp .venv/.hotline-dev .venv/.hotline-run
        ;;
    nlu-dev)
        sync "Rasa's environment with its development tools (nlu/.venv)" nlu nlu .hotline-dev
        cp nlu/.venv/.hotline-dev nlu/.venv/.hotline-run
        ;;
    stock) sync "the stock Rasa server to compare with (bench/stock/.venv)" bench/stock nlu .hotline-run ;;
    *) fail "tools/bootstrap.sh: no environment is called '$1'." ;;
    esac
}

[ $# -gt 0 ] || fail "tools/bootstrap.sh needs the name of an environment: app, app-dev, nlu, nlu-dev or stock."
if [ "$1" = python ]; then
    fitting_python "${2:-}"
    exit
fi
for environment in "$@"; do install_environment "$environment"; done
