// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

// The layout of dcgmVersionInfo_v2 in dcgm_structs.h.
typedef struct {
	unsigned int version;
	char text[512];
} version_info;

static int version_text(void *symbol, version_info *info) {
	memset(info, 0, sizeof *info);
	info->version = (unsigned int)sizeof *info | 2u << 24;
	return ((int (*)(version_info *))symbol)(info);
}
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"unsafe"
)

const libraryName = "libdcgm.so.4"

// symbols are what go-dcgm calls on behalf of this package. It binds them lazily, and the
// dynamic linker ends the process when a call finds its symbol missing.
var symbols = []string{
	"DcgmFieldGetById", "dcgmConnect_v2", "dcgmDisconnect", "dcgmEntitiesGetLatestValues", "dcgmFieldGroupCreate",
	"dcgmFieldGroupDestroy", "dcgmGetAllSupportedDevices", "dcgmGetEntityGroupEntities", "dcgmGetGpuInstanceHierarchy", "dcgmGetGpuStatus", "dcgmGetNvLinkLinkStatus",
	"dcgmGetErrorMeta", "dcgmGetValuesSince_v2", "dcgmGroupAddEntity", "dcgmGroupCreate", "dcgmGroupDestroy", "dcgmHealthCheck", "dcgmHealthSet",
	"dcgmHostengineVersionInfo",
	"dcgmInit", "dcgmIntrospectGetHostengineCpuUtilization", "dcgmIntrospectGetHostengineMemoryUsage",
	"dcgmProfGetSupportedMetricGroups", "dcgmShutdown", "dcgmUnwatchFields", "dcgmUpdateAllFields", "dcgmVersionInfo",
	"dcgmWatchFields", "errorString",
}

// schemeSymbols are needed for some endpoints only.
var schemeSymbols = map[string][]string{
	"embedded": {"dcgmStartEmbedded", "dcgmStopEmbedded"},
	"vsock":    {"dcgmConnect_v3"},
}

// library is libdcgm: its version, and what this package calls itself.
type library struct {
	Engine
	loaded, latest, since, errorString unsafe.Pointer
}

// has reports whether libdcgm has a symbol that this package can do without.
func (l *library) has(symbol string) bool { return lookUp(l.loaded, symbol) != nil }

// checkLibrary loads libdcgm and makes sure that no later call can end the process.
func checkLibrary(endpoint Endpoint) (library, error) {
	loaded, err := openLibrary()
	if err != nil {
		return library{}, err
	}
	for _, name := range append(schemeSymbols[endpoint.scheme], symbols...) {
		if lookUp(loaded, name) == nil {
			return library{}, fmt.Errorf("%s has no symbol %s: install a DCGM %s that is current (package datacenter-gpu-manager-4)", libraryName, name, supportedMajor)
		}
	}
	var info C.version_info
	if status := C.version_text(lookUp(loaded, "dcgmVersionInfo"), &info); status != statusOK {
		return library{}, fmt.Errorf("%s does not tell its version: status %d", libraryName, int(status))
	}
	version := parseEngine(C.GoString(&info.text[0]))
	return library{version, loaded, lookUp(loaded, "dcgmEntitiesGetLatestValues"), lookUp(loaded, "dcgmGetValuesSince_v2"), lookUp(loaded, "errorString")}, checkVersion(libraryName, version)
}

// openLibrary loads libdcgm as go-dcgm does. A library that is loaded stays, since what is
// bound to it cannot be unbound; so the reference is never given back.
func openLibrary() (unsafe.Pointer, error) {
	runtime.LockOSThread() // dlerror tells of the last error of its thread.
	defer runtime.UnlockOSThread()
	name := C.CString(libraryName)
	defer C.free(unsafe.Pointer(name))
	if loaded := C.dlopen(name, C.RTLD_LAZY|C.RTLD_GLOBAL); loaded != nil {
		return loaded, nil
	}
	reason := errors.New(C.GoString(C.dlerror()))
	if other := otherLibraries(); len(other) > 0 {
		return nil, fmt.Errorf("load DCGM's client library: %w; found %s, but only DCGM %s is supported: install package datacenter-gpu-manager-4", reason, strings.Join(other, ", "), supportedMajor)
	}
	return nil, fmt.Errorf("load DCGM's client library: %w: install package datacenter-gpu-manager-4, or mount it into the container", reason)
}

func lookUp(loaded unsafe.Pointer, symbol string) unsafe.Pointer {
	name := C.CString(symbol)
	defer C.free(unsafe.Pointer(name))
	return C.dlsym(loaded, name)
}

// libraryFolders are where packages of DCGM put their libraries, beside LD_LIBRARY_PATH.
var libraryFolders = []string{"/usr/lib", "/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/local/lib"}

// otherLibraries lists libdcgm files of other major versions, to tell a user of DCGM 3 more
// than that a file is missing.
func otherLibraries() []string {
	var found []string
	for _, dir := range append(filepath.SplitList(os.Getenv("LD_LIBRARY_PATH")), libraryFolders...) {
		matches, err := filepath.Glob(filepath.Join(dir, "libdcgm.so.[0-9]*"))
		if err == nil { // The pattern is a constant.
			found = append(found, matches...)
		}
	}
	return found
}
