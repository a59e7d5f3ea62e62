// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Sizes and times differ from build to build, paths, modes and owners do not.
func TestContentsOfPackages(t *testing.T) {
	var contents strings.Builder
	for _, name := range []string{full, node, compat} {
		deb := pack(t, name, "deb")
		section(&contents, deb, output(t, "dpkg-deb", "--contents", deb))
		conffiles := output(t, "dpkg-deb", "--info", deb, "conffiles")
		section(&contents, deb+" conffiles", conffiles)
		file := pack(t, name, "rpm")
		section(&contents, file, output(t, "rpm", "--query", "--package", "--queryformat", "[%{filemodes:perms} %{fileusername}/%{filegroupname} %{filenames}\n]", file))
		require.Equal(t, conffiles, output(t, "rpm", "--query", "--package", "--configfiles", file))
		if name != compat {
			archive := pack(t, name, "tar.gz")
			section(&contents, archive, output(t, "tar", "--list", "--verbose", "--file", archive))
		}
	}
	const golden = "testdata/contents.golden"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(contents.String()), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), contents.String())
}

// section writes a list without sizes and times, under the name of a file without its version.
func section(to *strings.Builder, path, list string) {
	name := regexp.MustCompile(`_[0-9][^_]*_linux_[^.]*`).ReplaceAllString(filepath.Base(path), "")
	list = regexp.MustCompile(`(?m) +\d+ \d{4}-\d{2}-\d{2} \d{2}:\d{2} `).ReplaceAllString(list, " ")
	to.WriteString("== " + name + "\n" + list + "\n")
}

func TestLintianHasNothingToSay(t *testing.T) {
	t.Parallel()
	for _, name := range []string{full, node, compat} {
		cmd := exec.Command("lintian", "--allow-root", "--fail-on", "error,warning", pack(t, name, "deb"))
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		require.Empty(t, string(out))
	}
}

func TestPackagesAreReproducible(t *testing.T) {
	t.Parallel()
	first := pack(t, node, "deb")
	built := output(t, "rpm", "--query", "--package", "--queryformat", "%{buildtime}", pack(t, node, "rpm"))
	again := makePackages(t, node, "TZ=Asia/Tokyo", "HOSTNAME=elsewhere", "SOURCE_DATE_EPOCH="+built)
	for _, format := range []string{"deb", "rpm", "tar.gz"} {
		name := filepath.Base(strings.TrimSuffix(first, "deb") + format)
		output(t, "cmp", filepath.Join(filepath.Dir(first), name), filepath.Join(again, name))
	}
}

func TestArchiveRunsWhereItIsUnpacked(t *testing.T) {
	dir := t.TempDir()
	output(t, "tar", "--extract", "--file", pack(t, node, "tar.gz"), "--directory", dir)
	require.Contains(t, output(t, dir+"/"+node, "--version"), version(t))
	require.Empty(t, output(t, dir+"/"+node, "validate", "--config", dir+"/config.yaml"))
}

func TestMissingToolsAreNamed(t *testing.T) {
	script, err := filepath.Abs(repository + "/internal/tools/make-packages")
	require.NoError(t, err)
	for variable, want := range map[string]string{
		"NFPM=/nowhere/nfpm": "/nowhere/nfpm is missing: make packages builds it\n",
		"BIN=/nowhere":       "/nowhere/" + node + " is missing: make packages builds it\n",
		"PATH=/nowhere":      "objdump is missing: apt-get install binutils\ngit is missing: apt-get install git\ngo is missing: https://go.dev/dl\n",
	} {
		cmd := exec.Command("/bin/bash", script, node)
		cmd.Dir = repository
		cmd.Env = append(os.Environ(), "NFPM=/bin/true", "VERSION=0.0.0", "DIST="+t.TempDir(), variable)
		out, err := cmd.CombinedOutput()
		require.Error(t, err)
		require.Equal(t, want, string(out))
	}
}

func TestMissingToolsAreNamedBeforeAnythingIsBuilt(t *testing.T) {
	program, err := exec.LookPath("make")
	require.NoError(t, err)
	missing := "git is missing: apt-get install git\ngo is missing: https://go.dev/dl\ngcc is missing: apt-get install gcc\nobjdump is missing: apt-get install binutils\n"
	debian := ": images take their C library and certificates from Debian packages: build on Debian\n"
	for target, want := range map[string]string{
		"packages": missing,
		"images":   missing + "apt-get is missing" + debian + "dpkg-deb is missing" + debian,
	} {
		cmd := exec.Command(program, "-j8", target)
		cmd.Dir = repository
		cmd.Env = []string{"PATH=/nowhere"} // And nothing of a make that runs this test.
		out, err := cmd.CombinedOutput()
		require.Error(t, err)
		said, _, _ := strings.Cut(string(out), "make: ***")
		require.Equal(t, want, said)
	}
}
