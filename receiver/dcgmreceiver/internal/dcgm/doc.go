// SPDX-License-Identifier: Apache-2.0

// Package dcgm is the one door to NVIDIA's DCGM.
//
// go-dcgm holds one connection in process-global state, copies 4 KB per value and kills the
// process when it is called at the wrong moment. Behind this door there is one session per
// process, one worker that makes every call, and a [Sample] of 40 bytes. The newest values are
// read beneath go-dcgm. What DCGM reads is an [Entity], of whatever kind; a [Source] lists, watches and reads them.
package dcgm
