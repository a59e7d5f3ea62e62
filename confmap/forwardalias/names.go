// SPDX-License-Identifier: Apache-2.0

package forwardalias

// A kind is a section of a configuration, or the detectors of the resource detection
// processor, which are named like components.
const (
	receivers  = "receivers"
	processors = "processors"
	exporters  = "exporters"
	connectors = "connectors"
	extensions = "extensions"
	detectors  = "detectors"
)

const (
	// detecting is the processor whose configuration holds detectors.
	detecting = "resourcedetection"
	// creating is the receiver whose configuration holds receivers.
	creating = "receiver_creator"
)

// encodingKeys are where receivers and exporters name an extension, alone or for each signal.
var encodingKeys = []string{"encoding", "encoding_extension", "encodings"}

// line is the release whose names a distribution is expected to know.
const line = "0.152.0"

// names maps, by kind, a later name to the present one.
type names map[string]map[string]present

// present is the name that a distribution of 0.152 can carry, and the release that gave it a later
// one. Modules whose 0.152.0 is not served are older, and so may their names be.
type present struct{ here, since string }

// isLater is false for names of 0.152 itself, which an older module does not know.
func (p present) isLater() bool { return p.since > line }
