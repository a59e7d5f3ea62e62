// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/NVIDIA/go-dcgm/pkg/dcgm"
)

// What follows calls go-dcgm. The worker alone may, and nothing but dial before a dial that
// succeeded.

// dial connects to the host engine, or starts the embedded one. An engine that does not tell its version to this library
// is taken for one of the library's major version.
func dial(endpoint Endpoint, library Engine, u *unserved) (Engine, error) {
	if err := initialize(endpoint); err != nil {
		return Engine{}, err
	}
	info, err := dcgm.GetHostengineVersionInfo()
	if u.note("ask the host engine for its version", err) {
		return Engine{Version: versionUnknown, Simulated: library.Simulated}, nil
	}
	if err != nil {
		hangUp()
		return Engine{}, fmt.Errorf("ask the host engine for its version: %w", err)
	}
	engine := parseEngine(info.RawBuildInfoString)
	if err := checkVersion("the host engine", engine); err != nil {
		hangUp()
		return Engine{}, err
	}
	return engine, nil
}

// initialize prefers the connection call that every DCGM 4 has; the URI call came with 4.5.
// go-dcgm's cleanup function prints to stderr, so hangUp takes its place.
func initialize(endpoint Endpoint) (err error) {
	switch endpoint.scheme {
	case "embedded":
		err = startEmbedded()
	case "unix":
		_, err = dcgm.Init(dcgm.Standalone, endpoint.address, "1")
	case "vsock":
		_, err = dcgm.Init(dcgm.Standalone, endpoint.String())
	default:
		_, err = dcgm.Init(dcgm.Standalone, endpoint.address, "0")
	}
	return err
}

// startEmbedded keeps the process in its working directory: libdcgm moves it to the one that DCGM_HOME_DIR names, where
// the Collector would not find a configuration file with a relative path again.
func startEmbedded() error {
	before, lookErr := os.Getwd()
	_, err := dcgm.Init(dcgm.Embedded)
	if lookErr != nil { // There is none to go back to.
		return err
	}
	if now, nowErr := os.Getwd(); nowErr == nil && now == before {
		return err
	}
	if backErr := os.Chdir(before); backErr != nil && err == nil {
		hangUp()
		return fmt.Errorf("return to the working directory after the start of the embedded host engine: %w", backErr)
	}
	return err
}

// hangUp ends the connection. On a dead one go-dcgm reports that it could not, and forgets
// it all the same.
func hangUp() { _ = dcgm.Shutdown() }

// linkIsDead asks with the cheapest call that keeps DCGM's status; many others lose it.
func linkIsDead() bool {
	_, err := dcgm.GetSupportedDevices()
	status := statusOf(err)
	return status == statusConnectionNotValid || status == statusUninitialized
}

// statusOf returns DCGM's status of an error, statusOK if it carries none.
func statusOf(err error) int {
	if own, ok := errors.AsType[*statusError](err); ok {
		return own.status
	}
	if withCode, ok := errors.AsType[*dcgm.Error](err); ok {
		return int(withCode.Code)
	}
	return statusOK
}

// listGPUs asks twice: those that DCGM supports leave out what is lost, detached, blocked by
// cgroups or not on its list of models. Where the engine serves one of the calls alone, its answer is that to both.
func listGPUs(u *unserved) (Entities, error) {
	supported, supportedErr := dcgm.GetSupportedDevices()
	if supportedErr != nil && !u.note("list supported GPUs", supportedErr) {
		return Entities{}, supportedErr
	}
	all, err := dcgm.GetEntityGroupEntities(dcgm.FE_GPU)
	switch {
	case err == nil && supportedErr != nil:
		supported = all
	case supportedErr == nil && u.note("list all GPUs", err):
		all = supported
	case err != nil:
		return Entities{}, err
	}
	return Entities{All: sorted(GPU, all), Supported: sorted(GPU, supported)}, nil
}

// list lists entities of any kind.
func list(kind EntityKind, u *unserved) (Entities, error) {
	if kind == GPU {
		return listGPUs(u)
	}
	ids, err := dcgm.GetEntityGroupEntities(groupOf(kind))
	if err != nil {
		return Entities{}, err
	}
	all := sorted(kind, ids)
	return Entities{All: all, Supported: all}, nil
}

func groupOf(kind EntityKind) dcgm.Field_Entity_Group { return dcgm.Field_Entity_Group(kind) }

func sorted(kind EntityKind, ids []uint) []Entity {
	entities := make([]Entity, len(ids))
	for i, id := range ids {
		entities[i] = Entity{kind, uint32(id)} //nolint:gosec // DCGM's ids are 32 bits wide.
	}
	slices.SortFunc(entities, Entity.Compare)
	return entities
}

// errNotGPU is returned by what DCGM answers for GPUs alone.
var errNotGPU = errors.New("not a GPU")

// gpuStatus looks twice at "unknown": go-dcgm gives it for a dead link too.
func gpuStatus(gpu Entity) (EntityStatus, error) {
	if gpu.Kind != GPU {
		return StatusUnknown, fmt.Errorf("%w: %s", errNotGPU, gpu)
	}
	status := EntityStatus(dcgm.GetGPUStatus(uint(gpu.ID))) //nolint:gosec // There are eight.
	if status == StatusUnknown && linkIsDead() {
		return StatusUnknown, errors.New("no status")
	}
	return status, nil
}

// profilingFields takes what says that there is no profiling for an empty list.
func profilingFields(gpu Entity, u *unserved) ([]FieldID, error) {
	if gpu.Kind != GPU {
		return nil, fmt.Errorf("%w: %s", errNotGPU, gpu)
	}
	groups, err := dcgm.GetSupportedMetricGroups(uint(gpu.ID))
	if err != nil {
		if u.note("list profiling fields", err) || noProfiling[statusOf(err)] {
			return nil, nil
		}
		return nil, err
	}
	var fields []FieldID
	for _, group := range groups {
		for _, id := range group.FieldIds {
			fields = append(fields, FieldID(id)) //nolint:gosec // Field ids are 16 bits wide.
		}
	}
	return fields, nil
}

var noProfiling = map[int]bool{statusNotSupported: true, statusProfilingNotSupported: true, statusModuleNotLoaded: true, statusProfilingLibraryError: true}

func linkStates() (map[Entity][]LinkState, error) {
	links, err := dcgm.GetNvLinkLinkStatus()
	if err != nil {
		return nil, err
	}
	states := map[Entity][]LinkState{}
	for _, link := range links {
		parent := Entity{EntityKind(link.ParentType), uint32(link.ParentId)} //nolint:gosec // Kinds are 8, ids 32 bits wide.
		states[parent] = append(states[parent], LinkState(link.State))       //nolint:gosec // There are four.
	}
	return states, nil
}

func instances(u *unserved) ([]Instance, error) {
	hierarchy, err := dcgm.GetGPUInstanceHierarchy()
	if err != nil {
		if u.note("list MIG instances", err) {
			return nil, nil
		}
		return nil, err
	}
	all := make([]Instance, hierarchy.Count)
	for i := range all {
		all[i] = instanceOf(&hierarchy.EntityList[i])
	}
	return all, nil
}

func instanceOf(row *dcgm.MigHierarchyInfo_v2) Instance {
	return Instance{
		Entity: entityOf(row.Entity), Parent: entityOf(row.Parent),
		GPUUUID: row.Info.GpuUuid, GPUIndex: uint32(row.Info.NvmlGpuIndex), //nolint:gosec // NVML's numbers are 32 bits wide.
		GI: uint32(row.Info.NvmlInstanceId), CI: uint32(row.Info.NvmlComputeInstanceId), //nolint:gosec // As above.
		Profile: uint32(row.Info.NvmlMigProfileId), Slices: uint32(row.Info.NvmlProfileSlices), //nolint:gosec // As above.
	}
}

func entityOf(pair dcgm.GroupEntityPair) Entity {
	return Entity{EntityKind(pair.EntityGroupId), uint32(pair.EntityId)} //nolint:gosec // Kinds are 8, ids 32 bits wide.
}

func usage() (Usage, error) {
	status, err := dcgm.Introspect()
	if err != nil {
		return Usage{}, err
	}
	return Usage{MemoryBytes: status.Memory << 10, CPU: status.CPU / 100}, nil
}
