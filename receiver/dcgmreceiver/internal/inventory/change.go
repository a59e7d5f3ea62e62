// SPDX-License-Identifier: Apache-2.0

package inventory

import "github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"

// ChangeKind is a kind of difference between what was known and what is.
type ChangeKind uint8

// Kinds of changes. What is to become of values is said where it follows.
const (
	Added         ChangeKind = iota // it is known for the first time
	Renamed                         // its name or model is another one, or known at last
	Left                            // it is not there any more: no value holds
	Forgotten                       // it has been absent for long, and is known no more
	Replaced                        // another one has taken its place, or it was taken away, and it is known no more
	Identified                      // it went by its number, and has told its UUID
	Lost                            // it cannot be read any more: no value holds
	Back                            // it can be read again and may have been reset: counters restart
	Unreadable                      // the host engine says that all is well and does not read it: no value holds
	Readable                        // it is read again, and nothing says that it was reset meanwhile
	Repartitioned                   // a GPU has other GPU instances than before
	Unidentified                    // its UUID was asked for and not told
	Implausible                     // what it told can be no UUID, or is the one of another entity
	Duplicate                       // Other tells the UUID of the entity, and goes without
)

// Change is a difference between what was known and what is.
type Change struct {
	Kind   ChangeKind
	Key    Key
	Entity dcgm.Entity
	Other  dcgm.Entity // of Duplicate alone
	State  State       // of Lost and Back
	Was    State       // of Lost and Back: the state before
}
