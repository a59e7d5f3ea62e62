// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import _ "unsafe" // go:linkname asks for it.

// handle is go-dcgm's handle of its one connection, a uintptr_t that go-dcgm keeps private. It is 0 before the first
// connection, and would stay 0 with a go-dcgm that names it otherwise: [direct] falls back on go-dcgm then.
//
//go:linkname handle github.com/NVIDIA/go-dcgm/pkg/dcgm.handle
var handle uintptr
