// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"cmp"
	"fmt"
	"math"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

// gpu is all that is known of one GPU. It is known by its UUID and outlives connections, so
// that counters go on when the host engine has restarted.
type gpu struct {
	identity
	attrs     *pcommon.Map // what every point about it carries
	entity    dcgm.Entity
	facts     facts
	status    dcgm.EntityStatus
	unread    bool                  // the last read of the fastest tier failed for it
	unlisted  bool                  // the host engine does not have it any more
	profiled  map[dcgm.FieldID]bool // profiling fields that this GPU has
	unasked   bool                  // which it has could not be found out
	sheet     []dcgm.Sample         // newest sample of every needed field, by slot
	states    []seriesState         // by row
	throttle  throttleEvents
	links     []dcgm.LinkState
	fresh     int  // samples with a value in the last read of the fastest tier
	spoken    bool // the fastest tier has given a value at least once
	silent    int  // reads in a row without any, though the host engine says that all is well
	fallbacks []fallback
	renamed   renaming
	nameless  bool // its UUID, name or model has not been read yet
	looks     int  // collections since it is known
}

// identity is what every data point of a GPU carries.
type identity struct {
	id     string // hw.id: the UUID
	name   string // hw.name: the device file, such as nvidia0
	model  string // hw.model
	vendor string // hw.vendor
}

// or returns what is known, and of what is not, what was known before.
func (i identity) or(before identity) identity {
	return identity{cmp.Or(i.id, before.id), cmp.Or(i.name, before.name), cmp.Or(i.model, before.model), cmp.Or(i.vendor, before.vendor)}
}

// newAttributes makes those of every data point about the entity.
func (i identity) newAttributes() *pcommon.Map {
	attrs := pcommon.NewMap()
	attrs.EnsureCapacity(4)
	attrs.PutStr("hw.id", i.id)
	attrs.PutStr("hw.name", i.name)
	attrs.PutStr("hw.model", i.model)
	attrs.PutStr("hw.vendor", i.vendor)
	return &attrs
}

// fallback is how many series of a metric do not come from their first choice of fields.
type fallback struct {
	metric string
	series int64
}

// unassigned is the entity of a GPU whose number another one has now.
var unassigned = dcgm.Entity{Kind: dcgm.GPU, ID: math.MaxUint32}

// facts are what changes with a driver, a firmware or a place in the rack, "" if unknown.
type facts struct {
	serial, pciBusID, vbios, driver, cudaDriver, nvmlIndex                      string
	fabricClique, fabricCluster, chassisSerial, chassisSlot, virtualizationMode string
	gpmSupport                                                                  string // 1 if GPM gives profiling, else 0
	architecture                                                                catalog.Architecture
}

// or returns what is known, and of what is not, what was known before: a GPU that is lost or
// being reset reads blank and is the same as ever.
func (f facts) or(before facts) facts {
	return facts{
		serial:             cmp.Or(f.serial, before.serial),
		pciBusID:           cmp.Or(f.pciBusID, before.pciBusID),
		vbios:              cmp.Or(f.vbios, before.vbios),
		driver:             cmp.Or(f.driver, before.driver),
		cudaDriver:         cmp.Or(f.cudaDriver, before.cudaDriver),
		nvmlIndex:          cmp.Or(f.nvmlIndex, before.nvmlIndex),
		fabricClique:       cmp.Or(f.fabricClique, before.fabricClique),
		fabricCluster:      cmp.Or(f.fabricCluster, before.fabricCluster),
		chassisSerial:      cmp.Or(f.chassisSerial, before.chassisSerial),
		chassisSlot:        cmp.Or(f.chassisSlot, before.chassisSlot),
		virtualizationMode: cmp.Or(f.virtualizationMode, before.virtualizationMode),
		gpmSupport:         cmp.Or(f.gpmSupport, before.gpmSupport),
		architecture:       cmp.Or(f.architecture, before.architecture),
	}
}

// gpm falls back on the architecture where the engine does not tell.
func (f *facts) gpm() bool {
	return f.gpmSupport == "1" || f.gpmSupport == "" && f.architecture >= catalog.Hopper
}

// Fields of identity (dcgm_fields.h).
const (
	fieldDriverVersion     dcgm.FieldID = 1
	fieldCUDADriver        dcgm.FieldID = 5
	fieldName              dcgm.FieldID = 50
	fieldNVMLIndex         dcgm.FieldID = 52
	fieldSerial            dcgm.FieldID = 53
	fieldUUID              dcgm.FieldID = 54
	fieldMinor             dcgm.FieldID = 55
	fieldPCIBusID          dcgm.FieldID = 57
	fieldComputeCapability dcgm.FieldID = 63
	fieldVBIOS             dcgm.FieldID = 85
	fieldGPM               dcgm.FieldID = 94
	fieldFabricCluster     dcgm.FieldID = 172
	fieldFabricClique      dcgm.FieldID = 173
	fieldVirtualMode       dcgm.FieldID = 500
	fieldChassisSerial     dcgm.FieldID = 572
	fieldChassisSlot       dcgm.FieldID = 573
)

var identityFields = []dcgm.FieldID{
	fieldDriverVersion, fieldCUDADriver, fieldName, fieldNVMLIndex, fieldSerial, fieldUUID, fieldMinor, fieldPCIBusID,
	fieldComputeCapability, fieldVBIOS, fieldGPM, fieldFabricCluster, fieldFabricClique, fieldVirtualMode,
	fieldChassisSerial, fieldChassisSlot,
}

// vendor is hw.vendor of whatever DCGM knows.
const vendor = "nvidia"

// identify reads identity and facts from the samples of identityFields, "" where DCGM does
// not tell.
func identify(samples map[dcgm.FieldID]dcgm.Sample) (identity, facts) {
	text := func(id dcgm.FieldID) string { return textOf(samples[id]) }
	id := identity{id: uuidOf(samples[fieldUUID]), model: text(fieldName), vendor: vendor}
	if minor := numberText(samples[fieldMinor], 0, mostIndex); minor != "" {
		id.name = vendor + minor
	}
	return id, facts{
		serial:             text(fieldSerial),
		pciBusID:           text(fieldPCIBusID),
		vbios:              text(fieldVBIOS),
		driver:             text(fieldDriverVersion),
		cudaDriver:         cudaVersion(samples[fieldCUDADriver]),
		nvmlIndex:          numberText(samples[fieldNVMLIndex], 0, mostIndex),
		fabricClique:       text(fieldFabricClique),
		fabricCluster:      text(fieldFabricCluster),
		chassisSerial:      text(fieldChassisSerial),
		chassisSlot:        text(fieldChassisSlot),
		virtualizationMode: virtualizationMode(samples[fieldVirtualMode]),
		gpmSupport:         numberText(samples[fieldGPM], 0, 1),
		architecture:       architectureOf(samples),
	}
}

// unidentified is what a GPU goes by as long as DCGM does not tell its UUID and its device file.
func unidentified(entity dcgm.Entity) string { return fmt.Sprintf("gpu%d", entity.ID) }

// textOf returns the value as a string, "" if there is none.
func textOf(s dcgm.Sample) string {
	switch {
	case s.Type == 0 || s.Reason != dcgm.OK:
		return ""
	case s.Type == dcgm.String && isPlaceholder(s.Text()):
		return ""
	case s.Type == dcgm.String:
		return s.Text()
	default:
		return strconv.FormatInt(s.Int(), 10)
	}
}

// mostIndex is the largest plausible number of a device: NVIDIA's device files have fewer than 255, and 255 is
// that of the driver itself.
const mostIndex = 254

// numberText is textOf for a number within a range, "" outside.
func numberText(s dcgm.Sample, least, most int64) string {
	if s.Int() < least || s.Int() > most {
		return ""
	}
	return textOf(s)
}

// cudaVersion reads 13000 as 13.0 (cuDriverGetVersion).
func cudaVersion(s dcgm.Sample) string {
	const most = 99_990
	if numberText(s, 1000, most) == "" {
		return ""
	}
	return fmt.Sprintf("%d.%d", s.Int()/1000, s.Int()%1000/10)
}

// architectureOf returns 0 if the engine does not tell.
func architectureOf(samples map[dcgm.FieldID]dcgm.Sample) catalog.Architecture {
	s := samples[fieldComputeCapability]
	if a := catalog.Architecture(s.Int()); textOf(s) != "" && a.Plausible() {
		return a
	}
	return 0
}

// virtualizationModes are DCGM_GPU_VIRTUALIZATION_MODE_* of dcgm_fields.h.
var virtualizationModes = [...]string{"none", "passthrough", "vgpu", "host_vgpu", "host_vsga"}

func virtualizationMode(s dcgm.Sample) string {
	if textOf(s) == "" || s.Int() < 0 || s.Int() >= int64(len(virtualizationModes)) {
		return ""
	}
	return virtualizationModes[s.Int()]
}

func (g *gpu) attributes() pcommon.Map { return *g.attrs }

// state is how the host engine says that the GPU is, unless it says that all is well and cannot read it.
func (g *gpu) state() metadata.AttributeGpuState {
	state := stateOf(g.status, !g.unlisted)
	if g.unread && isUp(state) {
		return metadata.AttributeGpuStateUnreadable
	}
	return state
}

// up says whether the host engine can read the GPU.
func (g *gpu) up() bool { return isUp(g.state()) }

func (g *gpu) isNameless() bool { return g.nameless }

// waitsForName reports whether a GPU is too new to go without a name. One that cannot be read does.
func (g *gpu) waitsForName() bool { return g.nameless && g.up() && g.looks <= patiencePolls }

// forget drops all values, so that none is emitted again.
func (g *gpu) forget() {
	for i := range g.sheet {
		g.sheet[i].Reason = max(g.sheet[i].Reason, dcgm.Blank)
	}
	g.links = nil
}

// restart begins all counters anew, as after a reset. Sources that are still to be chosen
// have their time to give a value once more.
func (g *gpu) restart() {
	for i := range g.states {
		g.states[i].total, g.states[i].polls = cumulative{}, 0
	}
	g.throttle.begun = false
}
