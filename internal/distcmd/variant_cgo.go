// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package distcmd

// dcgmVariant is the variant of the DCGM receiver in this build: this file has the build
// constraint of the half of the receiver that talks to DCGM, which a test compares.
const dcgmVariant = "cgo"
