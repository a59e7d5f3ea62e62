// SPDX-License-Identifier: Apache-2.0

package dcgm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

var (
	// ErrUnavailable is returned where the binary was built without DCGM support.
	ErrUnavailable = errors.New("this build has no DCGM support, because it was built without cgo or not for Linux: run a build with cgo for Linux")

	// ErrDisconnected is returned by a Source whose connection is gone for good. Its groups
	// and watches went with it; connect again.
	ErrDisconnected = errors.New("connection to the host engine is lost")

	// ErrHung is returned for a call that has not come back within its timeout, and for
	// every call as long as that one is out. Nothing is stacked behind it.
	ErrHung = errors.New("DCGM does not answer")

	// ErrUnreturned is the [ErrHung] of the call that has not come back itself.
	ErrUnreturned = fmt.Errorf("%w", ErrHung)

	// ErrEnding is returned by Open while a call to another host engine has not returned that
	// nobody uses any more. Open again later.
	ErrEnding = errors.New("an earlier connection of this process has not ended")

	// ErrNoGroup is why the host engine takes no group of GPUs or of fields: it has a fixed number of each for all its
	// clients.
	ErrNoGroup = errors.New("host engine takes no more groups")

	// ErrUnknownField is why a field is not watched that the library or the host engine does not know.
	ErrUnknownField = errors.New("unknown field")

	// ErrReadThrough is why a call is unserved that go-dcgm makes instead.
	ErrReadThrough = errors.New("go-dcgm reads the values, which costs more CPU and memory")

	// ErrPanic wraps a panic below the door.
	ErrPanic = errors.New("DCGM call panicked")
)

// EndpointInUseError is returned for a second endpoint in one process: DCGM's client holds
// one connection per process.
type EndpointInUseError struct {
	Want, Have Endpoint
}

// Error names both endpoints.
func (e *EndpointInUseError) Error() string {
	return fmt.Sprintf("cannot connect to %s: this process is connected to %s, and DCGM allows one host engine per process", e.Want, e.Have)
}

// EntityStatus is how the host engine stands to a GPU (dcgm_structs.h, DcgmEntityStatus_t).
type EntityStatus uint8

// The statuses of the host engine.
const (
	StatusUnknown EntityStatus = iota
	StatusOK
	StatusUnsupported
	StatusInaccessible
	StatusLost
	StatusFake
	StatusDisabled
	StatusDetached
)

// Entities are those of one kind that a host engine has, in order.
type Entities struct {
	All       []Entity
	Supported []Entity // those that the engine reads now
}

// Engine is what a host engine says of itself.
type Engine struct {
	Version   string // such as 4.6.0
	Simulated bool   // true where a simulated libdcgm answers
}

// Watch asks the host engine to sample fields.
type Watch struct {
	Fields      []FieldID // at most [MaxFields]
	Period      time.Duration
	KeepAge     time.Duration // 0: no limit
	KeepSamples int32         // 0: no limit
}

// MaxFields is how many fields one watch or one query may name. DCGM_MAX_FIELD_IDS_PER_FIELD_GROUP is
// 128, and a host engine refuses a field group of as many.
const MaxFields = 127

// Refusal says why a field is not watched.
type Refusal struct {
	Field FieldID
	Name  string // as DCGM has it; "" if the library does not know the field
	Why   error
}

// Group is a set of entities with watches, held by the host engine until it is released or the
// connection ends. The engine has 64 groups for all its clients.
type Group struct {
	handle   uintptr
	entities []Entity
	watches  []*watching
}

// Watches returns the number of watches of the group.
func (g *Group) Watches() int { return len(g.watches) }

// LinkState is the state of one NVLink (dcgm_structs.h, dcgmNvLinkLinkState_t).
type LinkState uint8

// States of links. A GPU reports LinkNotSupported for the links it does not have.
const (
	LinkNotSupported LinkState = iota
	LinkDisabled
	LinkDown
	LinkUp
)

// Processor is a CPU and its cores, by DCGM's numbers.
type Processor struct {
	ID     uint32
	Serial string // "" where it is not known
	Cores  []uint32
}

// PeerState is whether NVLink joins two GPUs, and why not (dcgm_structs.h, dcgmNvLinkGpuP2PStatus_t).
type PeerState uint8

var peerStates = [...]string{"OK", "ChipsetNotSupported", "GPUNotSupported", "TopologyNotSupported", "DisabledByRegKey", "NotSupported"}

// String returns the state as dcgm-exporter spells it.
func (s PeerState) String() string {
	if int(s) < len(peerStates) {
		return peerStates[s]
	}
	return "Unknown"
}

// Usage is what the host engine consumes.
type Usage struct {
	MemoryBytes int64
	CPU         float64 // share of one core
}

// Session is the process's way to one host engine, shared by all who open the same endpoint.
type Session interface {
	// Connect returns a Source on the session's connection, and makes that connection first
	// where there is none. Errors are [ErrHung], what the library lacks, or DCGM's own text.
	Connect(ctx context.Context) (Source, error)
	// Close gives the session back. The last one to do so ends the connection.
	Close(ctx context.Context) error
	// Pending returns for how long the call has been out that the process makes now; 0 if it makes none.
	Pending() time.Duration
	// Returned returns a channel that closes when the call has returned that the process makes now. It is closed
	// if it makes none.
	Returned() <-chan struct{}
}

// Source is one connection to a host engine. It is safe for concurrent use: one worker makes
// all calls, one after the other. Every method with a context may return [ErrHung], [ErrPanic] or
// [ErrDisconnected], wrapped.
type Source interface {
	Lister
	Watcher
	Reader
	Health
	Engine() Engine
	// Unserved returns the calls that the host engine has refused since the connection began, because it has another
	// version of DCGM or lacks a module, by what they do, with its reason.
	Unserved() map[string]error
}

// Lister says what there is.
type Lister interface {
	// Entities lists the entities of one kind. Only GPUs may be there without being read.
	Entities(ctx context.Context, kind EntityKind) (Entities, error)
	// Status returns the status of a GPU; DCGM has none of other kinds.
	Status(ctx context.Context, gpu Entity) (EntityStatus, error)
	// ProfilingFields lists the profiling fields that a GPU has; none if it has no profiling.
	ProfilingFields(ctx context.Context, gpu Entity) ([]FieldID, error)
	// Links returns the states of the NVLinks of every GPU and NVSwitch.
	Links(ctx context.Context) (map[Entity][]LinkState, error)
	// Hierarchy lists the MIG instances, each GPU instance before the compute instances in it; none where the engine does
	// not serve the call.
	Hierarchy(ctx context.Context) ([]Instance, error)
	// Processors lists the CPUs that the host engine knows; none where it, or libdcgm, does not serve the call.
	Processors(ctx context.Context) ([]Processor, error)
	// Peers returns the state of NVLink from each GPU to each, by DCGM's numbers; none where the host engine, libdcgm or the driver does not tell, or
	// where it is not known which GPU a row is of.
	Peers(ctx context.Context) ([][]PeerState, error)
	Usage(ctx context.Context) (Usage, error)
}

// Watcher has the host engine sample fields.
type Watcher interface {
	// Group makes a group. Entities that the engine does not take are refused, not an error.
	Group(ctx context.Context, entities []Entity) (group *Group, refused []Entity, err error)
	// Everything returns DCGM's own group of all GPUs, for where the engine has no group left.
	Everything(ctx context.Context) (*Group, error)
	// Watch adds a watch to a group and takes a first sample. What the library does not know and what the engine refuses
	// is left out and returned: an error is one of the whole connection.
	Watch(ctx context.Context, group *Group, watch Watch) ([]Refusal, error)
	// Release frees a group and its watches.
	Release(ctx context.Context, group *Group) error
}

// Reader reads what the host engine has sampled.
type Reader interface {
	// Read appends the newest sample of every field of every entity to buf[:0]. Entities for which the call fails are
	// unread, and no error: that is one of the whole connection. buf belongs to the Reader if an error is returned.
	Read(ctx context.Context, entities []Entity, fields []FieldID, buf []Sample) (samples []Sample, unread map[Entity]error, err error)
	// ReadSince returns all samples of the group's watch number i taken after the instant, and
	// the instant to continue from.
	ReadSince(ctx context.Context, group *Group, i int, since time.Time) ([]Sample, time.Time, error)
}

// simulatedPlatform is what a simulated libdcgm gives as its buildplatform.
const simulatedPlatform = "tracecore-simulated"

// parseEngine reads DCGM's build information, pairs such as version:4.6.0 between semicolons.
func parseEngine(info string) Engine {
	var e Engine
	for pair := range strings.SplitSeq(info, ";") {
		key, value, _ := strings.Cut(pair, ":")
		switch key {
		case "version":
			e.Version = value
		case "buildplatform":
			e.Simulated = value == simulatedPlatform
		}
	}
	return e
}

// versionUnknown is that of an engine that does not tell it to this library.
const versionUnknown = "unknown"

// supportedMajor is the one major version of DCGM that this package speaks.
const supportedMajor = "4"

// checkVersion refuses other major versions; what names the library or the engine.
func checkVersion(what string, e Engine) error {
	major, _, _ := strings.Cut(e.Version, ".")
	if major == supportedMajor {
		return nil
	}
	return fmt.Errorf("%s has version %q, but only DCGM %s is supported: install DCGM %s (package datacenter-gpu-manager-4)", what, e.Version, supportedMajor, supportedMajor)
}
