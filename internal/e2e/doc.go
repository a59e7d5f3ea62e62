// SPDX-License-Identifier: Apache-2.0

// Package e2e runs the real binary and holds the repository together: its tests start
// processes, talk to their sockets, and compare the files that have to agree.
//
// The environment variable BINARY names the binary under test; without it, the tests build
// and take the node agent.
package e2e
