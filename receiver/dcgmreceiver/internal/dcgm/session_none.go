// SPDX-License-Identifier: Apache-2.0

//go:build !linux || !cgo

package dcgm

import "time"

// Available says whether this build has DCGM support.
const Available = false

// Open returns [ErrUnavailable].
func Open(Endpoint, time.Duration) (Session, error) { return nil, ErrUnavailable }
