#!/bin/sh
# What //deploy:version stamps: the commit that the tree was built from, marked where files differ from it.
echo "STABLE_CODE_VERSION $(git describe --always --abbrev=12 --dirty 2>/dev/null || echo unknown)"
