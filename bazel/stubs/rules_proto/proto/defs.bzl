"""The names that Bazel's own BUILD files load from rules_proto, as the native rules."""

proto_lang_toolchain = native.proto_lang_toolchain
proto_library = native.proto_library
