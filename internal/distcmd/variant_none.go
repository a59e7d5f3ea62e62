// SPDX-License-Identifier: Apache-2.0

//go:build !linux || !cgo

package distcmd

// dcgmVariant is the variant of the DCGM receiver in this build.
const dcgmVariant = "stub"
