// SPDX-License-Identifier: Apache-2.0

package dcgm

import (
	"maps"
	"strings"
	"sync"
)

// statusError is DCGM's status of a call that this package makes itself, with DCGM's text.
type statusError struct {
	status int
	text   string
}

// Error implements error.
func (e *statusError) Error() string { return e.text }

// unserved are the calls of a connection that the host engine does not serve, by name, with its reason. It is safe for
// concurrent use.
type unserved struct {
	mu    sync.Mutex
	calls map[string]error
}

// Calls that older libraries and some host engines do not serve, by what they do.
const (
	listCPUs = "list CPUs"
	getPeers = "get the states of peers"
)

// unservedTexts are DCGM's texts for a call whose structures the engine has in another version, and for one of a module
// that is denylisted or missing. go-dcgm drops the status of many an error and keeps the text.
var unservedTexts = []string{
	"API version mismatch",
	"serviced by a module of DCGM that is not currently loaded",
}

// IsUnserved tells an error of a call that the host engine does not serve, because it has another version of DCGM or lacks
// a module, from one that may pass.
func IsUnserved(err error) bool {
	if err == nil {
		return false
	}
	for _, text := range unservedTexts {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}

// note keeps the first reason of a call, if err is one, and reports whether it is.
func (u *unserved) note(call string, err error) bool {
	if !IsUnserved(err) {
		return false
	}
	u.keep(call, err)
	return true
}

// keep keeps the first reason of a call.
func (u *unserved) keep(call string, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.calls == nil {
		u.calls = map[string]error{}
	}
	if u.calls[call] == nil {
		u.calls[call] = err
	}
}

func (u *unserved) all() map[string]error {
	u.mu.Lock()
	defer u.mu.Unlock()
	return maps.Clone(u.calls)
}
