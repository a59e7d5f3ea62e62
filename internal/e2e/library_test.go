// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What can be wrong with what lies beneath the receiver: the Collector runs on, says once
// what is missing, and dcgm.up is 0.
func TestWhatIsWrongBeneathIsSaid(t *testing.T) {
	wrong := filepath.Join(t.TempDir(), "wrong.scenario")
	require.NoError(t, os.WriteFile(wrong, []byte("gpu 0 model=h100\nfield 155 * sometimes 4\n"), 0o600))
	for name, tt := range map[string]struct {
		change func(env []string) []string
		want   string
	}{
		"no library":            {func(env []string) []string { return append(env, "LD_LIBRARY_PATH="+t.TempDir()) }, `libdcgm\.so\.4: cannot open shared object file.*install package datacenter-gpu-manager-4`},
		"the library of DCGM 3": {func(env []string) []string { return append(env, "LD_LIBRARY_PATH="+fakeLibrary(t, "libdcgm.so.3", "")) }, `found .*libdcgm\.so\.3, but only DCGM 4 is supported`},
		"a library of DCGM 3 as 4": {func(env []string) []string {
			return append(env, "LD_LIBRARY_PATH="+fakeLibrary(t, "libdcgm.so.4", allSymbols(t, "3.3.9")))
		}, `libdcgm\.so\.4 has version \\"3\.3\.9\\", but only DCGM 4 is supported`},
		"a missing symbol": {func(env []string) []string {
			return append(env, "LD_LIBRARY_PATH="+fakeLibrary(t, "libdcgm.so.4", "void dcgmInit(void) {}\n"))
		}, `libdcgm\.so\.4 has no symbol \w+: install a DCGM 4 that is current`},
		"no library at all in it": {func(env []string) []string { return append(env, "LD_LIBRARY_PATH="+notALibrary(t)) }, `libdcgm\.so\.4: (file too short|invalid ELF header)`},
		"no scenario":             {func(env []string) []string { return append(env, "DCGMSIM_SCENARIO=missing.scenario") }, `missing\.scenario`},
		"a wrong scenario":        {func(env []string) []string { return append(env, "DCGMSIM_SCENARIO="+wrong) }, `wrong\.scenario:\d`},
	} {
		t.Run(name, func(t *testing.T) {
			n := startNode(t, "h100x8", "", tt.change)
			n.waitFor(t, "dcgm_up", "", "", 0)
			requireStatus(t, n.health, "/healthz", 200)
			requireStatus(t, n.health, "/readyz", 200)
			require.Empty(t, n.series(t, "gpu_up", "hw_name"))
			require.Regexp(t, tt.want, n.err.String())
			require.Equal(t, 1, strings.Count(n.err.String(), "DCGM receiver is degraded"), "said once")
			n.stop(t)
		})
	}
}

// fakeLibrary compiles a library and returns its folder. Without source it is an empty one.
func fakeLibrary(t *testing.T, name, source string) string {
	t.Helper()
	dir := t.TempDir()
	input := filepath.Join(dir, "fake.c")
	require.NoError(t, os.WriteFile(input, []byte(source), 0o600))
	out, err := exec.Command("gcc", "-shared", "-fPIC", "-o", filepath.Join(dir, name), input).CombinedOutput()
	require.NoError(t, err, string(out))
	return dir
}

func notALibrary(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "libdcgm.so.4"), []byte("not ELF"), 0o600))
	return dir
}

// allSymbols is the source of a library with every symbol of the simulated one, of which
// only the version works.
func allSymbols(t *testing.T, version string) string {
	t.Helper()
	out, err := exec.Command("nm", "-D", "--defined-only", root+"/bin/sim/libdcgm.so.4").Output()
	require.NoError(t, err)
	var source strings.Builder
	for line := range strings.Lines(string(out)) {
		name := strings.Fields(line)[2]
		if name != "dcgmVersionInfo" {
			fmt.Fprintf(&source, "int %s(void) { return -3; }\n", name)
		}
	}
	fmt.Fprintf(&source, "#include <string.h>\nint dcgmVersionInfo(char *v) { strcpy(v + 4, \"version:%s;arch:x86_64\"); return 0; }\n", version)
	return source.String()
}

func TestLibraryThatIsInstalledLaterIsFound(t *testing.T) {
	dir := t.TempDir()
	n := startNode(t, "h100x8", "", func(env []string) []string { return append(env, "LD_LIBRARY_PATH="+dir) })
	n.waitFor(t, "dcgm_up", "", "", 0)
	content, err := os.ReadFile(root + "/bin/sim/libdcgm.so.4")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "new"), content, 0o600))
	require.NoError(t, os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "libdcgm.so.4")))
	n.waitFor(t, "dcgm_up", "", "", 1)
	n.stop(t)
}

// newerCalls are settings that need what older libraries do not have: CPUs, and the states of peers.
const newerCalls = `views: [otel, dcgm_exporter], dcgm_exporter: {counters: "DCGM_EXP_P2P_STATUS, gauge, p\nDCGM_FI_DEV_CPU_TEMP_CURRENT, gauge, t"}`

// go-dcgm binds its symbols when it first calls them, and a missing one ends the process with
// 127. So this library has those that the receiver probes for, and no other.
func TestNoCallNeedsASymbolThatIsNotProbed(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the trampolines are for amd64")
	}
	source, err := os.ReadFile(root + "/receiver/dcgmreceiver/internal/dcgm/library_cgo.go")
	require.NoError(t, err)
	_, list, found := strings.Cut(string(source), "var symbols = []string{")
	require.True(t, found)
	list, _, _ = strings.Cut(list, "}")
	simulated, err := filepath.Abs(root + "/bin/sim/libdcgm.so.4")
	require.NoError(t, err)

	var names, functions strings.Builder
	for _, match := range regexp.MustCompile(`"(\w+)"`).FindAllStringSubmatch(list, -1) {
		fmt.Fprintf(&names, "X(%s) ", match[1])
		fmt.Fprintf(&functions, "__attribute__((visibility(\"hidden\"))) void *at_%[1]s;\n__attribute__((naked)) void %[1]s(void) { __asm__(\"jmp *at_%[1]s(%%rip)\"); }\n", match[1])
	}
	library := fakeLibrary(t, "libdcgm.so.4", functions.String()+`
#include <dlfcn.h>
__attribute__((constructor)) static void bind(void) {
	void *library = dlopen("`+simulated+`", RTLD_NOW | RTLD_LOCAL);
#define X(name) at_##name = dlsym(library, #name);
	`+names.String()+`
}
`)
	n := startNode(t, "h100x8", newerCalls, func(env []string) []string { return append(env, "LD_LIBRARY_PATH="+library) })
	n.waitFor(t, "gpu_nvlink_links", "gpu_nvlink_link_state", "up", 18)
	require.Len(t, n.series(t, "hw_power_watts", "hw_name"), 8)
	require.Contains(t, n.err.String(), "libdcgm is too old for it")
	n.send(t, "gpu_lost gpu=3")
	n.waitFor(t, "gpu_up", "hw_name", "nvidia3", 0)
	n.send(t, "engine_dies for 1s")
	n.waitFor(t, "dcgm_up", "", "", 0)
	n.waitFor(t, "dcgm_up", "", "", 1)
	n.stop(t)
}
