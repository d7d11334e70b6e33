#!/bin/sh
# Build dist/shelf_VERSION_ARCH.deb for this machine's Debian: the wheels of the project and of all it needs, within.
#   build.sh PYTHON     (a Python of the same version as the target's /usr/bin/python3, with pip)
set -eu
umask 022
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
tree=$(dirname "$(dirname "$here")")
python=${1:-python3}
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$tree/agent/__init__.py")
arch=$(dpkg --print-architecture)
minor=$("$python" -c 'import sys; print(sys.version_info[1])')
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
share="$root/usr/share/shelf"
mkdir -p "$share/wheels" "$share/systemd" "$share/udev" "$share/mosquitto" "$root/DEBIAN" "$tree/dist"
sed -n 's/^\([a-zA-Z0-9_.-]*==.*[^ \\]\) *\\*$/\1/p' "$tree/requirements.txt" >"$root/constraints.txt"
"$python" -m pip wheel --quiet --disable-pip-version-check --constraint "$root/constraints.txt" \
    --wheel-dir "$share/wheels" "$tree[resolver,postgres]"
rm "$root/constraints.txt"
cp "$tree/deploy/install.sh" "$tree/deploy/agent.toml" "$tree/deploy/resolver.toml" "$share/"
cp "$tree"/deploy/systemd/*.service "$share/systemd/"
cp "$tree"/deploy/udev/*.rules "$share/udev/"
cp "$tree"/deploy/mosquitto/* "$share/mosquitto/"
echo "$version" >"$share/VERSION"
sed -e "s/@VERSION@/$version/" -e "s/@ARCH@/$arch/" -e "s/@MINOR@/$minor/" -e "s/@NEXT@/$((minor + 1))/" \
    -e "s/@SIZE@/$(du -sk "$root" | cut -f1)/" "$here/control" >"$root/DEBIAN/control"
for script in postinst prerm postrm; do install -m 0755 "$here/$script" "$root/DEBIAN/$script"; done
dpkg-deb --root-owner-group --build "$root" "$tree/dist/shelf_${version}_$arch.deb" >&2
echo "$tree/dist/shelf_${version}_$arch.deb"
