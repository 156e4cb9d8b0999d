// Intel's multi-buffer library: SHA-256 of many messages at once. It exists for x86-64 only.
#include <intel-ipsec-mb.h>
